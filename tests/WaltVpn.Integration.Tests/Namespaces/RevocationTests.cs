using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>The end of a node: docs/security.md CERT-6, CERT-7.</summary>
/// <remarks><code>
///   waltvpn node revoke ──▶ waltvpnd ──▶ revoked.krl ──▶ sshd            gate 2, needs no daemon
///                                    ──▶ every login asks                gate 1, needs no list
///                                    ──▶ hub: cuts the tunnel of node a, not that of node b
/// </code></remarks>
public sealed class RevocationTests(RunningPlatform platform) : PlatformTest(platform)
{
    private static readonly TimeSpan CutWithin = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task LiveTunnelIsCutAndNoOtherLosesAFrame()
    {
        var (revoked, other) = (await Online(), await Online());
        using var pings = PingRun.Start(other);
        var cut = revoked.SshEnds(CutWithin + Tool.Deadline);
        await Revoke(revoked.Node);
        await revoked.SshEnds(CutWithin);
        await cut;
        (await RunningPlatform.Node(revoked.Node.Identity.NodeId)).State.ShouldBe(NodeState.Revoked);
        (await RunningPlatform.Node(revoked.Node.Identity.NodeId)).Tunnel.ShouldBeNull();
        (await pings.Lost()).ShouldBe(0);
        (await revoked.Node.Ask()).Status.ShouldBe(EnrollmentStatus.Denied);
    }

    [Fact]
    public async Task ListRefusesWithoutTheDaemon()
    {
        var node = await NewNode();
        await Revoke(node);
        RunningPlatform.Signal("STOP", RunningPlatform.Pid("waltvpnd"));
        try
        {
            var sshd = RunningPlatform.Log("sshd");
            (await node.Ssh.Run(TunnelCommand.GetServerHostname)).Errors.ShouldContain("Permission denied");
            await sshd.Await(@"revoked by file \S+revoked\.krl");
        }
        finally
        {
            RunningPlatform.Signal("CONT", RunningPlatform.Pid("waltvpnd"));
        }
    }

    [Fact]
    public async Task DaemonRefusesWithoutTheList()
    {
        var (revoked, other) = (await NewNode(), await NewNode());
        await Revoke(revoked);
        // A list of zero bytes revokes nothing to sshd.
        using (await Overlay.Empty(RunningPlatform.File("state/revoked.krl")))
        {
            var (daemon, sshd) = (RunningPlatform.Log("waltvpnd"), RunningPlatform.Log("sshd"));
            (await revoked.Ssh.Run(TunnelCommand.GetServerHostname)).Errors.ShouldContain("Permission denied");
            await daemon.Await(@"certificate \d+ refused: no live certificate");
            sshd.Text.ShouldNotContain("revoked by file");
            (await other.Ssh.Run(TunnelCommand.GetServerHostname)).Status.ShouldBe(0);
        }
    }

    [Fact]
    public async Task DamagedListIsRepaired()
    {
        var node = await NewNode();
        var daemon = RunningPlatform.Log("waltvpnd");
        await File.WriteAllTextAsync(RunningPlatform.File("state/revoked.krl"), "damaged", Cancellation);
        await daemon.Await("it is written again");
        await Eventually.Holds("nodes log in again", async () => (await node.Ssh.Run(TunnelCommand.GetServerHostname)).Status == 0);
    }

    private static async Task Revoke(TestNode node)
    {
        var result = await RunningPlatform.Cli("node", "revoke", node.Identity.Name, "--yes");
        result.Status.ShouldBe(0, result.Errors);
    }
}
