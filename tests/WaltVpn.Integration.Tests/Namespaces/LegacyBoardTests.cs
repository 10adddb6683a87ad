using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>A board of WalT's, from its enrolment over HTTP to its tunnel: docs/security.md LEG-2, LEG-5.</summary>
/// <remarks><code>
///   netns lan 10.77.0.20: curl ── walt-net 10.77.0.1:80 ── waltvpnd
///   netns node-N: TAP ── ssh (netns site) ═══ sshd ── hub ── TAP ── walt-net
/// </code></remarks>
public sealed class LegacyBoardTests(RunningPlatform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task BoardOfWaltEnrolsOverHttpAndItsTunnelCarriesFrames()
    {
        var board = await TestNode.Create(Platform.Settings, "ecdsa");
        board.PublicKey.ShouldStartWith("ecdsa-sha2-nistp384 ");
        // Over SSH such a key is refused, proved as it is.
        var answer = await board.Ask();
        (answer.Status, answer.Identity).ShouldBe((EnrollmentStatus.Denied, null));
        answer.Reason.ShouldNotBeNull().ShouldContain("ssh-ed25519");

        await board.JoinByHttp();
        var view = await RunningPlatform.Node(board.Identity.NodeId);
        view.Legacy.ShouldBeTrue();
        (await RunningPlatform.Cli("node", "list")).Output.ShouldMatch($@"{view.Name} +accepted +yes ");
        (await Lan.Curl(Routes.LegacyNodeConf + "/ssh-entrypoint")).ShouldBe($"{RunningPlatform.PublicAddress}:{RunningPlatform.SshPort}");
        var knownHosts = await Lan.Curl(Routes.LegacyNodeConf + "/ssh-entrypoint-host-keys");
        knownHosts.ShouldStartWith($"[{RunningPlatform.PublicAddress}]:{RunningPlatform.SshPort} ssh-ed25519 ");

        // The tunnel as WalT opens it: no command, agent forwarding asked for.
        var tunnel = await Online(board);
        await tunnel.AwaitPing();
        (await board.Ssh.Run(TunnelCommand.GetServerHostname, "-A")).Output.ShouldBe("server.demo.example\n");

        // Through its tunnel a node asks under its VPN MAC; who brings another key from there waits for an operator, though the policy inside is auto.
        (await tunnel.Inside("curl", Lan.CurlArguments(Routes.LegacyNodeConf + "/vpn-mac")[1..])).ShouldBe(board.Identity.VpnMac.ToString());
        var other = await TestNode.Create(Platform.Settings, "ecdsa");
        var waiting = await tunnel.Inside("curl", Lan.CurlArguments(Routes.LegacyEnroll, "-F", $"ssh-pubkey=@{other.File("node_key.pub")}")[1..]);
        waiting.ShouldContain("waits for an operator");
        var request = (await RunningPlatform.Requests()).Single(view => view.Fingerprint == other.Fingerprint);
        (request.State, request.Legacy, request.Source).ShouldBe((RequestState.Pending, true, tunnel.Address));

        // Revoked: the live tunnel ends, and no new one begins.
        var hub = RunningPlatform.Log("waltvpn-hub");
        (await RunningPlatform.Cli("node", "revoke", board.Identity.NodeId, "--yes")).Status.ShouldBe(0);
        await hub.Await($"node {board.Identity.NodeId} .*revoked");
        (await board.Ssh.Run(null)).Errors.ShouldContain("Permission denied");
    }
}
