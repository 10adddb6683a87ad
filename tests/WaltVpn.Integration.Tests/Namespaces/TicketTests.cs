using System.Net.Sockets;
using System.Text.Json;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>Who a tunnel belongs to: docs/security.md SSH-5, L2-7.</summary>
/// <remarks><code>
///   sshd ── certificate ──▶ waltvpnd ── ticket ──▶ waltvpn-hub serve
///    └─ waltvpn-hub connect TICKET ─────────────────────▲   the ticket is for one node, once
/// </code></remarks>
public sealed class TicketTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const string Unknown = "refused: the ticket is unknown, old, or was used";

    [Fact]
    public async Task UsedTicketOpensNothing()
    {
        var node = await Online();
        var line = ServerProcesses.Having(ServerProcesses.Connect).Single().CommandLine;
        var ticket = line.Split(' ')[2];
        using var pings = PingRun.Start(node);
        (await Connect(ticket, "walt-vpn")).Errors.ShouldContain(Unknown);
        (await Connect(new string('0', 32), "walt-vpn")).Errors.ShouldContain(Unknown);
        (await pings.Lost()).ShouldBe(0);
    }

    [Fact]
    public async Task TicketIsForTheSshUserOnly()
    {
        var node = await NewNode();
        var ticket = await FreshTicket(node);
        (await Connect(ticket, "nobody")).Status.ShouldNotBe(0);
        (await RunningPlatform.Node(node.Identity.NodeId)).Tunnel.ShouldBeNull();
    }

    [Fact]
    public async Task NodeCannotNameTheTicketOfAnother()
    {
        var (thief, victim) = (await NewNode(), await NewNode());
        var ticket = await FreshTicket(victim);
        foreach (var text in (string[])[ticket, $"connect {ticket}", $"waltvpn-hub connect {ticket}", $"{TunnelCommand.Version2} {ticket}"])
            (await thief.Ssh.Run(text, "-o", $"SetEnv=WALTVPN_TICKET={ticket}")).Status.ShouldBe(1);
        (await RunningPlatform.Node(victim.Identity.NodeId)).Tunnel.ShouldBeNull();
    }

    [Fact]
    public async Task RevocationVoidsTheTicketThatWasJustGiven()
    {
        var node = await NewNode();
        var ticket = await FreshTicket(node);
        (await RunningPlatform.Cli("node", "revoke", node.Identity.Name, "--yes")).Status.ShouldBe(0);
        (await Connect(ticket, "walt-vpn")).Errors.ShouldContain(Unknown);
    }

    [Fact]
    public async Task SessionBelongsToTheNodeOfTheCertificate()
    {
        var (a, b) = (await Online(), await Online());
        var nodes = await RunningPlatform.Nodes();
        foreach (var tunnel in (NodeTunnel[])[a, b])
        {
            var session = nodes.Single(view => view.Id == tunnel.Node.Identity.NodeId).Tunnel.ShouldNotBeNull();
            session.VpnMac.ShouldBe(tunnel.Node.Identity.VpnMac);
            session.Addresses.ShouldBe([tunnel.Address]);
            (await Tool.Succeed("ssh-keygen", "-L", "-f", tunnel.Node.File("certificate.pub"))).ShouldContain($"Serial: {session.CertificateSerial}");
        }
    }

    /// <summary>What sshd's forced command does, as any user.</summary>
    private static Task<ToolResult> Connect(string ticket, string user) => Tool.Run(
        "setpriv", "--reuid", user, "--regid", user == "nobody" ? "nogroup" : user, "--clear-groups",
        RunningPlatform.File("bin/waltvpn-hub"), "connect", ticket, "--runtime-directory", RunningPlatform.File("run-hub"));

    /// <summary>What sshd's helper asks; root may ask it too.</summary>
    private static async Task<string> FreshTicket(TestNode node)
    {
        var view = await RunningPlatform.Node(node.Identity.NodeId);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(RunningPlatform.File("run/login.sock")), Cancellation);
        await using var stream = new NetworkStream(socket);
        var request = new LoginRequest
        {
            Kind = LoginKind.Certificate,
            KeyId = $"{view.Id}/1",
            Serial = view.CertificateSerial,
            Certificate = node.Identity.Certificate.Split(' ')[1],
        };
        await stream.WriteAsync((byte[])[.. JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.LoginRequest), (byte)'\n'], Cancellation);
        using var reader = new StreamReader(stream);
        var answer = JsonSerializer.Deserialize((await reader.ReadLineAsync(Cancellation))!, ProtocolJson.Default.LoginAnswer)!;
        return answer.Ticket.ShouldNotBeNull();
    }
}
