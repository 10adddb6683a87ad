using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>Claims are no proof: docs/security.md ENR-1, ENR-4, ENR-7.</summary>
/// <remarks><code>
///   a board that says it is another one ── ssh (enrolment key) ═══ sshd ── waltvpn-hub enroll ── waltvpnd
///   the board it says it is             ── tunnel ═══════════════ sshd ── waltvpn-hub serve
/// </code></remarks>
public sealed class StolenBoardTests(RunningPlatform platform) : PlatformTest(platform)
{
    [Theory]
    [InlineData(true, true, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, true)]
    public async Task KnownBoardWithAnotherKeyWaitsWithAWarning(bool serial, bool mac, bool inside)
    {
        var victim = await NewNode();
        var thief = await NewBoard();
        if (serial) thief.Serial = victim.Serial;
        if (mac) thief.Mac = victim.Mac;
        var log = RunningPlatform.Log("waltvpnd");
        var way = inside ? thief.Enrollment with { Namespace = Lan.Namespace, Address = RunningPlatform.LanAddress } : thief.Enrollment;
        using var conversation = await EnrollmentConversation.Open(way);
        await conversation.Send(await thief.Request(conversation.Challenge));
        var request = await thief.RequestNumber(log);

        var view = (await RunningPlatform.Requests()).Single(view => view.Fingerprint == thief.Fingerprint);
        view.State.ShouldBe(RequestState.Pending);
        view.Warning.ShouldNotBeNull().ShouldContain(victim.Identity.Name);
        var refused = await RunningPlatform.Cli("request", "accept", request);
        refused.Status.ShouldBe(4);
        refused.Errors.ShouldContain("--replace-key");

        // The victim lost nothing.
        (await RunningPlatform.Node(victim.Identity.NodeId)).Fingerprint.ShouldBe(victim.Fingerprint);
        (await victim.Ssh.Run(TunnelCommand.GetServerHostname)).Status.ShouldBe(0);
    }

    [Fact]
    public async Task ReplacedKeyIsVoidAndItsTunnelEnds()
    {
        var former = await Online();
        var reinstalled = await NewBoard();
        (reinstalled.Serial, reinstalled.Mac) = (former.Node.Serial, former.Node.Mac);
        var log = RunningPlatform.Log("waltvpnd");
        var asking = reinstalled.Ask();
        var cut = former.SshEnds(TimeSpan.FromSeconds(30));
        var request = await reinstalled.RequestNumber(log);
        (await RunningPlatform.Cli("request", "accept", request, "--replace-key")).Status.ShouldBe(0);
        await cut;
        (await asking).Identity!.NodeId.ShouldBe(former.Node.Identity.NodeId);
        (await former.Node.Ssh.Run(TunnelCommand.GetServerHostname)).Status.ShouldBe(255);
        (await former.Node.Ask()).Status.ShouldBe(EnrollmentStatus.Denied);
        (await reinstalled.Ssh.Run(TunnelCommand.GetServerHostname)).Status.ShouldBe(0);
    }

    [Fact]
    public async Task KeyOfAnotherBoardIsDenied()
    {
        var node = await NewNode();
        var (serial, mac) = (node.Serial, node.Mac);
        (node.Serial, node.Mac) = ("copied-card", MacAddress.Parse("b8:27:eb:ff:ff:01"));
        var log = RunningPlatform.Log("waltvpnd");
        var answer = await node.Ask();
        answer.Status.ShouldBe(EnrollmentStatus.Denied);
        answer.Reason.ShouldNotBeNull().ShouldContain("another board");
        log.Text.ShouldContain("ALARM");
        (node.Serial, node.Mac) = (serial, mac);
        (await node.Ask()).Status.ShouldBe(EnrollmentStatus.Accepted);
    }
}
