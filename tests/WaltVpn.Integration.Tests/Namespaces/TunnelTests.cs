using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>What a tunnel is for.</summary>
/// <remarks><code>
///   netns node-N                 netns site                      the server
///   walt-vpn (TAP) ── pump ── ssh ── 203.0.113.2 ═══ 203.0.113.1 ── sshd ── hub ── TAP ── walt-net 10.77.0.1 ── DHCP
/// </code></remarks>
public sealed class TunnelTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const int Megabytes20 = 20 * 1024 * 1024;

    [Fact]
    public async Task NodeGetsAnAddressIsPingedAndListed()
    {
        var node = await Online();
        (await node.Reaches(RunningPlatform.LanAddress)).ShouldBeTrue();
        await Tool.Succeed("ping", "-c", "2", "-W", "5", node.Address);
        var view = await RunningPlatform.Node(node.Node.Identity.NodeId);
        view.State.ShouldBe(NodeState.Accepted);
        view.Tunnel.ShouldNotBeNull().Addresses.ShouldBe([node.Address]);
        view.Tunnel.VpnMac.ShouldBe(node.Node.Identity.VpnMac);
        view.Tunnel.CertificateSerial.ShouldBe(view.CertificateSerial);
    }

    [Fact]
    public async Task AddressIsRenewedAndReleasedByTheNodesOwnClient()
    {
        var node = await Online();
        var server = Path.Combine(RunningPlatform.Folder, "log/dhcp-platform");
        // udhcpc renews when it gets SIGUSR1, and releases when it gets SIGUSR2.
        using var client = Tool.Start("ip", "netns", "exec", node.Namespace, "busybox", "udhcpc", "-f", "-i", "walt-vpn", "-s", node.Node.File("dhcp-event"));
        await Eventually.Holds("the address is given again", () => Count(server, $"DHCPACK(walt-net) {node.Address}") == 2);
        // The server's word is not yet the client's: until that has its lease, and closes its packet socket, it takes no signal for a wish to renew.
        await Eventually.Holds("udhcpc is bound", () => !PacketSockets(client.Id).Any());
        RunningPlatform.Signal("USR1", client.Id);
        await Eventually.Holds("the address is renewed", () => Count(server, $"DHCPACK(walt-net) {node.Address}") == 3);
        await node.AwaitPing();
        RunningPlatform.Signal("USR2", client.Id);
        await Eventually.Holds("the address is released", () => Count(server, $"DHCPRELEASE(walt-net) {node.Address}") == 1);
        (await RunningPlatform.Node(node.Node.Identity.NodeId)).Tunnel!.Addresses.ShouldBeEmpty();
        client.Kill();
    }

    [Fact]
    public async Task TwentyMegabytesEachWayAreByteExact()
    {
        var node = await Online();
        var data = RandomNumberGenerator.GetBytes(Megabytes20);
        await File.WriteAllBytesAsync(node.Node.File("up"), data, Cancellation);
        using var listener = new TcpListener(IPAddress.Parse(RunningPlatform.LanAddress), 0);
        listener.Start();
        var target = $"TCP:{listener.LocalEndpoint}";

        var sending = node.Inside("socat", "-u", $"FILE:{node.Node.File("up")}", target);
        using (var connection = await listener.AcceptTcpClientAsync(Cancellation))
            (await SHA256.HashDataAsync(connection.GetStream(), Cancellation)).ShouldBe(SHA256.HashData(data));
        await sending;

        var receiving = node.Inside("socat", "-u", target, $"CREATE:{node.Node.File("down")}");
        using (var connection = await listener.AcceptTcpClientAsync(Cancellation)) await connection.GetStream().WriteAsync(data, Cancellation);
        await receiving;
        SHA256.HashData(await File.ReadAllBytesAsync(node.Node.File("down"), Cancellation)).ShouldBe(SHA256.HashData(data));
    }

    [Fact]
    public async Task NewestSessionOfANodeWins()
    {
        var node = await Online();
        var before = (await RunningPlatform.Node(node.Node.Identity.NodeId)).Tunnel!.Since;
        var hub = RunningPlatform.Log("waltvpn-hub");
        // Holds its input open, so that it lives until the next one comes.
        using var second = Tool.Start("ip", node.Node.Ssh.Arguments([], null));
        await hub.Await($"node {node.Node.Identity.NodeId} disconnected: the node connected again");
        // The first node's ssh comes back by itself, and is then the newest.
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        await second.WaitForExitAsync(deadline.Token);
        await node.AwaitPing();
        var sessions = (await RunningPlatform.Nodes()).Where(view => view.Id == node.Node.Identity.NodeId && view.Tunnel is not null).ToList();
        sessions.Single().Tunnel!.Since.ShouldBeGreaterThan(before);
    }

    [Fact]
    public async Task WordedCommandForVersion2GetsIt()
    {
        var node = await NewNode();
        await using var tunnel = await NodeTunnel.Start(node, TunnelCommand.Version2);
        await tunnel.Dhcp();
        (await tunnel.Reaches(RunningPlatform.LanAddress)).ShouldBeTrue();
        (await RunningPlatform.Node(node.Identity.NodeId)).Tunnel!.TunnelVersion.ShouldBe(2);
    }

    /// <summary>Lines after the heading; of the network that the process is in.</summary>
    private static IEnumerable<string> PacketSockets(int pid) => File.ReadLines($"/proc/{pid}/net/packet").Skip(1);

    private static int Count(string log, string text) => File.ReadLines(log).Count(line => line.Contains(text, StringComparison.Ordinal));
}
