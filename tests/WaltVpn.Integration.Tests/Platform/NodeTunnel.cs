using System.Globalization;
using System.Net;
using Shouldly;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using WaltVpn.Tunnel;
using WaltVpn.Tunnel.Tests;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A node's end of the tunnel: a TAP in a network namespace of its own, pumped through a real ssh, which is started again whenever it ends.</summary>
internal sealed class NodeTunnel : IAsyncDisposable
{
    private const string Interface = "walt-vpn";
    private const int SIGKILL = 9;

    // A node that was refused does not ask in a tight loop; the agent waits longer (docs/security.md REL-3).
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly FileDescriptor _tap;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private ChildProcess? _ssh;

    private NodeTunnel(TestNode node, FileDescriptor tap, string? command)
    {
        (Node, _tap) = (node, tap);
        _running = Task.Run(() => Run(command));
    }

    /// <summary>Whose it is.</summary>
    public TestNode Node { get; }

    /// <summary>The node's network namespace.</summary>
    public string Namespace => NamespaceOf(Node);

    /// <summary>The address DHCP gave.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The VPN MAC, six bytes.</summary>
    public byte[] Mac => Packets.Bytes(Node.Identity.VpnMac);

    /// <summary>Process id of the ssh that runs now.</summary>
    public int SshPid => _ssh!.Pid;

    /// <summary>Makes the TAP and brings the tunnel up.</summary>
    /// <param name="node">Accepted.</param>
    /// <param name="command">SSH command; null: none.</param>
    public static async Task<NodeTunnel> Start(TestNode node, string? command = null)
    {
        var (space, first) = (NamespaceOf(node), string.Create(CultureInfo.InvariantCulture, $"tap-{node.Number}"));
        await Tool.Succeed("ip", "netns", "add", space);
        var tap = Tap.Open(first, frames: TapFrames.WithHeader);
        await Tool.Succeed("ip", "link", "set", first, "address", node.Identity.VpnMac.ToString());
        await Tool.Succeed("ip", "link", "set", first, "netns", space, "name", Interface);
        await Tool.Succeed("ip", "-n", space, "link", "set", Interface, "mtu", "1500", "up");
        var hub = RunningPlatform.Log("waltvpn-hub");
        var tunnel = new NodeTunnel(node, tap, command);
        await hub.Await($"node {node.Identity.NodeId} connected");
        return tunnel;
    }

    /// <summary>Asks the platform's DHCP server for an address, as the agent does.</summary>
    public async Task Dhcp()
    {
        var script = Node.File("dhcp-event");
        await File.WriteAllTextAsync(script, """
            #!/bin/sh
            [ "$1" != bound ] || { ip address replace "$ip/$mask" dev "$interface"; echo "address $ip"; }

            """);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var output = await Inside("busybox", "udhcpc", "-f", "-q", "-n", "-t", "10", "-T", "1", "-i", Interface, "-s", script);
        Address = output.Split('\n').Single(line => line.StartsWith("address ", StringComparison.Ordinal))["address ".Length..];
        IPAddress.TryParse(Address, out _).ShouldBeTrue();
    }

    /// <summary>Runs a program in the node's network; it must end well.</summary>
    public Task<string> Inside(string program, params string[] arguments) => Tool.Succeed("ip", ["netns", "exec", Namespace, program, .. arguments]);

    /// <summary>Sends and captures whole frames at the node's TAP.</summary>
    public RawPort OpenRawPort() => new(Namespace, Interface, Node.File("raw"));

    /// <summary>Whether one ping from the node to the server is answered within a second.</summary>
    public async Task<bool> Reaches(string address) => (await Tool.Run("ip", "netns", "exec", Namespace, "ping", "-c", "1", "-W", "1", address)).Status == 0;

    /// <summary>Waits until pings are answered.</summary>
    public Task AwaitPing() => Eventually.Holds($"{Namespace} reaches the platform", async () =>
    {
        var ping = await Tool.Run("ip", "netns", "exec", Namespace, "ping", "-c", "1", "-W", "2", RunningPlatform.LanAddress);
        return ping.Status == 0;
    });

    /// <summary>Ends ssh without warning.</summary>
    public void KillSsh() => _ssh?.Kill(SIGKILL);

    /// <summary>Waits for the end of the ssh that runs now.</summary>
    public async Task SshEnds(TimeSpan deadline)
    {
        if (_ssh is { } ssh) await ssh.Exited.WaitAsync(deadline);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        KillSsh();
        await _running;
        _tap.Dispose();
        _stop.Dispose();
        await Tool.Succeed("ip", "netns", "delete", Namespace);
    }

    private static string NamespaceOf(TestNode node) => string.Create(CultureInfo.InvariantCulture, $"node-{node.Number}");

    private async Task Run(string? command)
    {
        while (!_stop.IsCancellationRequested)
        {
            await Session(command);
            await Task.Delay(Pause, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task Session(string? command)
    {
        var (input, output) = (FileDescriptor.Pipe(), FileDescriptor.Pipe());
        using (input.Writer)
        using (output.Reader)
        {
            using var messages = File.OpenHandle(Node.File("ssh.log"), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite);
            using (input.Reader)
            using (output.Writer)
            {
                var arguments = Node.Ssh.Arguments(["-o", "ServerAliveInterval=15"], command);
                _ssh = ChildProcess.Start("/bin/ip", arguments, ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], input.Reader, output.Writer, messages);
            }

            await using var killing = _stop.Token.Register(KillSsh);
            if (_stop.IsCancellationRequested) KillSsh();
            Tap.SetLargeFrames(_tap, large: false);
            var options = new TunnelOptions { Role = TunnelRole.Node, Version2 = command == TunnelCommand.Version2 };
            using var pump = FramePump.Prepare(_tap, output.Reader, input.Writer, options);
            pump.Switched += () => Tap.SetLargeFrames(_tap, pump.Conversation.SendsLargeFrames);
            await pump.Start().Completion;
            KillSsh();
            await _ssh.Exited;
        }
    }
}
