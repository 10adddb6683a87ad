using System.Globalization;
using System.Text.RegularExpressions;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>From a key to an identity: docs/security.md ENR-1, ENR-3, ENR-4.</summary>
/// <remarks><code>
///   netns site: ssh (enrolment key) ═══ sshd ── waltvpn-hub enroll ── waltvpnd ◀── waltvpn monitor, waltvpn request
///   netns lan 10.77.0.20: the same, from inside the platform's network ── walt-net
/// </code></remarks>
public sealed class EnrollmentTests(RunningPlatform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task AcceptedByHandTheSameKeyKeepsItsIdentity()
    {
        var node = await NewNode();
        var identity = node.Identity;
        (await node.Ask()).Identity.ShouldBe(identity);
        (await node.Ask(node.Enrollment with { Namespace = Lan.Namespace, Address = RunningPlatform.LanAddress })).Identity.ShouldBe(identity);
        (await RunningPlatform.Nodes()).Count(view => view.Fingerprint == node.Fingerprint).ShouldBe(1);
        var shown = await Tool.Succeed("ssh-keygen", "-L", "-f", node.File("certificate.pub"));
        shown.ShouldContain($"waltvpn:{identity.NodeId}");
        shown.ShouldContain("Extensions: (none)");
    }

    [Fact]
    public async Task FirstMonitorWinsAndTheOtherIsTold()
    {
        // A monitor asks about one request at a time: nobody else shall wait.
        foreach (var waiting in (await RunningPlatform.Requests()).Where(request => request.State == RequestState.Pending))
            await RunningPlatform.Cli("request", "deny", waiting.Id.ToString(CultureInfo.InvariantCulture));
        using var first = new MonitorScreen();
        using var second = new MonitorScreen();
        var board = await NewBoard();
        var asking = board.Ask();
        await first.Await($"{Regex.Escape(board.Fingerprint)}[\\s\\S]*Accept this board");
        await second.Await($"{Regex.Escape(board.Fingerprint)}[\\s\\S]*Accept this board");
        await second.Type("y");
        var told = await second.Await(@"Request (\d+): accepted\.");
        await first.Await($"Request {told.Groups[1].Value} was accepted by");
        // Too late: there is nothing left to answer.
        (await RunningPlatform.Cli("request", "deny", told.Groups[1].Value)).Status.ShouldNotBe(0);
        (await asking).Status.ShouldBe(EnrollmentStatus.Accepted);
    }

    [Fact]
    public async Task DeniedStaysDeniedSaysWhyAndMayStillBeAccepted()
    {
        var board = await NewBoard();
        var log = RunningPlatform.Log("waltvpnd");
        var asking = board.Ask();
        var request = await board.RequestNumber(log);
        (await RunningPlatform.Cli("request", "deny", request, "--reason", "not our board")).Status.ShouldBe(0);
        for (var time = 1; time <= 3; time++)
        {
            var answer = await asking;
            answer.Status.ShouldBe(EnrollmentStatus.Denied);
            answer.Reason.ShouldBe("not our board");
            answer.RetryAfterSeconds.ShouldNotBeNull().ShouldBeInRange(1, 3600);
            answer.Identity.ShouldBeNull();
            asking = board.Ask();
        }

        await asking;
        (await RunningPlatform.Nodes()).ShouldNotContain(view => view.Fingerprint == board.Fingerprint);
        (await RunningPlatform.Cli("request", "accept", request)).Status.ShouldBe(0);
        (await board.Ask()).Status.ShouldBe(EnrollmentStatus.Accepted);
    }

    [Fact]
    public async Task AutoAcceptsOnlyFromInsideThePlatform()
    {
        var inside = await NewBoard();
        var way = inside.Enrollment with { Namespace = Lan.Namespace, Address = RunningPlatform.LanAddress };
        (await inside.Ask(way)).Status.ShouldBe(EnrollmentStatus.Accepted);

        // From afar, also to the server's inner address: the source decides.
        var outside = await NewBoard();
        var log = RunningPlatform.Log("waltvpnd");
        using var conversation = await EnrollmentConversation.Open(outside.Enrollment);
        await conversation.Send(await outside.Request(conversation.Challenge));
        await outside.RequestNumber(log);
        (await RunningPlatform.Requests()).Single(request => request.Fingerprint == outside.Fingerprint).State.ShouldBe(RequestState.Pending);

        // Through a node's tunnel: that end is inside, the board is not.
        var tunnel = await Online();
        var behind = await NewBoard();
        using var through = await EnrollmentConversation.Open(behind.Enrollment with { Namespace = tunnel.Namespace, Address = RunningPlatform.LanAddress });
        await through.Send(await behind.Request(through.Challenge));
        await behind.RequestNumber(log);
        (await RunningPlatform.Requests()).Single(request => request.Fingerprint == behind.Fingerprint).State.ShouldBe(RequestState.Pending);

        // Through a relay on the server itself: that is no machine of the platform either.
        var relayed = await NewBoard();
        using var again = await EnrollmentConversation.Open(relayed.Enrollment with { Namespace = Lan.Server, Address = RunningPlatform.LanAddress });
        await again.Send(await relayed.Request(again.Challenge));
        await relayed.RequestNumber(log);
        (await RunningPlatform.Requests()).Single(request => request.Fingerprint == relayed.Fingerprint).State.ShouldBe(RequestState.Pending);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(TunnelCommand.Version2)]
    [InlineData(TunnelCommand.CheckInWaltNet)]
    [InlineData(TunnelCommand.GetServerHostname)]
    [InlineData(TunnelCommand.Settings)]
    [InlineData("/bin/sh -c id")]
    [InlineData("waltvpn-hub connect 00000000000000000000000000000000")]
    public async Task EnrolmentKeyOpensTheConversationAndNothingElse(string? command)
    {
        var board = await NewBoard();
        var hub = RunningPlatform.Log("waltvpn-hub");
        using var conversation = await EnrollmentConversation.Open(board.Enrollment, command);
        conversation.Challenge.Platform.ShouldBe("demo");
        await conversation.SendLine("\0\x2A");
        (await conversation.Answer()).Status.ShouldBe(EnrollmentStatus.Denied);
        hub.Text.ShouldBe("");
    }

    [Fact]
    public async Task BareNodeKeyAndForeignKeyAreRefused()
    {
        var node = await NewNode();
        (await node.SshWithoutCertificate.Run(null)).Errors.ShouldContain("Permission denied");
        var stranger = await NewBoard();
        (await stranger.SshWithoutCertificate.Run(null)).Errors.ShouldContain("Permission denied");
        // Another node's certificate without its key.
        (await (stranger.SshWithoutCertificate with { Certificate = node.File("certificate.pub") }).Run(null)).Errors.ShouldContain("Permission denied");
    }
}
