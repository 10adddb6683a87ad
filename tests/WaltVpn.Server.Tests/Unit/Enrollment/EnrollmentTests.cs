using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Enrollment;

/// <summary>Whole conversations with a real daemon: docs/security.md ENR-1 to ENR-5, ENR-7, ENR-8.</summary>
public sealed class EnrollmentTests
{
    private static ServerSettings Auto(ServerSettings settings) => settings with { LanPolicy = EnrollmentPolicy.Auto };

    [Fact]
    public async Task AutoAcceptsANewBoardOfThePlatformsNetwork()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var node = await TestNode.Make(platform, 1);
        var answer = await node.Enroll(platform, TestPlatform.Lan);
        answer.Status.ShouldBe(EnrollmentStatus.Accepted);
        var identity = answer.Identity!;
        var certificate = SshCertificate.Parse(identity.Certificate);
        certificate.Principals.ShouldBe(["walt-vpn", $"waltvpn:{identity.NodeId}"]);
        certificate.KeyId.ShouldBe($"{identity.NodeId}/1");
        certificate.Key.Line.ShouldBe(node.PublicKey);
        identity.VpnMac.ToString().ShouldStartWith("52:54:00:");
    }

    [Theory]
    [InlineData(TestPlatform.Remote)]
    [InlineData("::ffff:203.0.113.7 ::ffff:192.0.2.1")]
    [InlineData("10.9.0.1 10.9.0.1")]
    [InlineData("127.0.0.1 127.0.0.1")]
    public async Task AutoAcceptsNobodyFromElsewhere(string relay)
    {
        await using var platform = await TestPlatform.Start(Auto);
        using var waiting = await (await TestNode.Make(platform, 1)).AskAndProve(platform, relay);
        (await platform.OnePending()).State.ShouldBe(RequestState.Pending);
        (await platform.Nodes()).ShouldBeEmpty();
    }

    [Fact]
    public async Task DenyTakesNobodyAndKeepsNoRow()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { RemotePolicy = EnrollmentPolicy.Deny });
        (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Denied);
        (await platform.Requests()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(nameof(EnrollmentPolicy.Auto), nameof(EnrollmentPolicy.Manual))]
    [InlineData(nameof(EnrollmentPolicy.Auto), nameof(EnrollmentPolicy.Deny))]
    [InlineData(nameof(EnrollmentPolicy.Manual), nameof(EnrollmentPolicy.Manual))]
    [InlineData(nameof(EnrollmentPolicy.Manual), nameof(EnrollmentPolicy.Deny))]
    [InlineData(nameof(EnrollmentPolicy.Deny), nameof(EnrollmentPolicy.Manual))]
    [InlineData(nameof(EnrollmentPolicy.Deny), nameof(EnrollmentPolicy.Deny))]
    public async Task EachPolicyHoldsForItsWayInAndNoOther(string lan, string remote)
    {
        var (inside, outside) = (Enum.Parse<EnrollmentPolicy>(lan), Enum.Parse<EnrollmentPolicy>(remote));
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = inside, RemotePolicy = outside });
        foreach (var (number, relay, policy) in ((int, string, EnrollmentPolicy)[])[(1, TestPlatform.Lan, inside), (2, TestPlatform.Remote, outside)])
        {
            var node = await TestNode.Make(platform, number);
            var (requests, nodes) = ((await platform.Requests()).Count, (await platform.Nodes()).Count);
            if (policy == EnrollmentPolicy.Manual)
            {
                using var waiting = await node.AskAndProve(platform, relay);
                await Wait.Until(async () => (await platform.Requests()).Count == requests + 1);
                (await platform.Nodes()).Count.ShouldBe(nodes);
                continue;
            }

            var status = policy == EnrollmentPolicy.Auto ? EnrollmentStatus.Accepted : EnrollmentStatus.Denied;
            (await node.Enroll(platform, relay)).Status.ShouldBe(status);
            (await platform.Nodes()).Count.ShouldBe(nodes + (status == EnrollmentStatus.Accepted ? 1 : 0));
        }
    }

    [Fact]
    public async Task WaitingNodeIsToldAtTheMomentOfTheDecision()
    {
        await using var platform = await TestPlatform.Start();
        var node = await TestNode.Make(platform, 1);
        using var waiting = await node.AskAndProve(platform, TestPlatform.Remote);
        // A node may close its half after its last line; it still waits for the answer.
        waiting.EndWriting();
        var request = await platform.OnePending();
        (await platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/accept")).Status.ShouldBe(HttpStatusCode.OK);
        var answer = await waiting.Read(ProtocolJson.Default.EnrollmentAnswer);
        answer.Status.ShouldBe(EnrollmentStatus.Accepted);
        (await platform.Nodes()).ShouldHaveSingleItem().Id.ShouldBe(answer.Identity!.NodeId);
    }

    [Fact]
    public async Task DeniedStaysDeniedUntilAnOperatorAccepts()
    {
        await using var platform = await TestPlatform.Start();
        var node = await TestNode.Make(platform, 1);
        using var waiting = await node.AskAndProve(platform, TestPlatform.Remote);
        var request = await platform.OnePending();
        await platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/deny", new RequestDecision { Reason = "not ours" });
        (await waiting.Read(ProtocolJson.Default.EnrollmentAnswer)).Reason.ShouldBe("not ours");
        var again = await node.Enroll(platform, TestPlatform.Remote);
        again.Status.ShouldBe(EnrollmentStatus.Denied);
        again.RetryAfterSeconds.ShouldBe(60);
        (await platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/accept")).Status.ShouldBe(HttpStatusCode.OK);
        (await node.Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Accepted);
    }

    [Fact]
    public async Task SameKeyGetsTheSameIdentityFromAnywhereAndAfterARestart()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var node = await TestNode.Make(platform, 1);
        var first = (await node.Enroll(platform, TestPlatform.Lan)).Identity;
        (await node.Enroll(platform, TestPlatform.Remote)).Identity.ShouldBe(first);
        await platform.StopDaemon();
        await platform.StartDaemon();
        (await node.Enroll(platform, TestPlatform.Remote)).Identity.ShouldBe(first);
    }

    [Fact]
    public async Task TwoHundredParallelConversationsOfOneKeyMakeOneNode()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var node = await TestNode.Make(platform, 1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => node.Enroll(platform, TestPlatform.Lan)));
        var identities = answers.Select(answer => answer.Identity).ToList();
        identities.ShouldAllBe(identity => identity != null && identity == identities[0]);
        (await platform.Nodes()).Count.ShouldBe(1);
        (await platform.Requests()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task TwoHundredParallelBoardsMakeTwoHundredDifferentNodes()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var boards = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => TestNode.Make(platform, number)));
        var identities = (await Task.WhenAll(boards.Select(board => board.Enroll(platform, TestPlatform.Lan)))).Select(answer => answer.Identity!).ToList();
        identities.Select(identity => identity.NodeId).Distinct().Count().ShouldBe(200);
        identities.Select(identity => identity.VpnMac).Distinct().Count().ShouldBe(200);
        identities.Select(identity => identity.Name).Distinct().Count().ShouldBe(200);
        identities.Select(identity => SshCertificate.Parse(identity.Certificate).Serial).Distinct().Count().ShouldBe(200);
    }

    [Fact]
    public async Task ProofOfAnotherKeyPlatformNonceOrNamespaceIsRefusedAndWritesNoRow()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var (node, thief) = (await TestNode.Make(platform, 1), await TestNode.Make(platform, 1));
        Func<EnrollmentChallenge, Task<string>>[] forgeries =
        [
            challenge => thief.Sign(challenge.Platform, challenge.Nonce, node.PublicKey),
            challenge => node.Sign("other", challenge.Nonce),
            challenge => node.Sign(challenge.Platform, Convert.ToBase64String(new byte[32])),
            challenge => node.Sign(challenge.Platform, challenge.Nonce, thief.PublicKey),
            challenge => node.Sign(challenge.Platform, challenge.Nonce, signatureNamespace: "file"),
            _ => Task.FromResult(""),
            _ => Task.FromResult("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n"),
        ];
        foreach (var forgery in forgeries)
        {
            var (conversation, challenge) = await TestNode.Open(platform, TestPlatform.Lan);
            using (conversation)
            {
                await conversation.Write(node.Request(await forgery(challenge)), ProtocolJson.Default.EnrollmentRequest);
                (await conversation.Read(ProtocolJson.Default.EnrollmentAnswer)).Status.ShouldBe(EnrollmentStatus.Denied);
            }
        }

        (await platform.Requests()).ShouldBeEmpty();
        (await platform.Nodes()).ShouldBeEmpty();
    }

    [Fact]
    public async Task ProofOfOneConversationIsWorthNothingInAnother()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var node = await TestNode.Make(platform, 1);
        var (first, old) = await TestNode.Open(platform, TestPlatform.Lan);
        var (second, fresh) = await TestNode.Open(platform, TestPlatform.Lan);
        using (first)
        using (second)
        {
            fresh.Nonce.ShouldNotBe(old.Nonce);
            await second.Write(node.Request(await node.Sign(old.Platform, old.Nonce)), ProtocolJson.Default.EnrollmentRequest);
            (await second.Read(ProtocolJson.Default.EnrollmentAnswer)).Status.ShouldBe(EnrollmentStatus.Denied);
        }
    }

    [Theory]
    [InlineData(119, true)]
    [InlineData(121, false)]
    public async Task NonceLives120Seconds(int age, bool works)
    {
        await using var platform = await TestPlatform.Start();
        var node = await TestNode.Make(platform, 1);
        NodePublicKey.TryParse(node.PublicKey, out var key, out _).ShouldBeTrue();
        var time = new ManualTime();
        var possession = new ProofOfPossession(platform.Settings, time);
        var signature = await node.Sign("test", possession.Nonce);
        time.Move(TimeSpan.FromSeconds(age));
        (await possession.Verify(key!, signature, TestContext.Current.CancellationToken)).ShouldBe(works);
    }

    [Fact]
    public async Task KeyOfAnotherBoardIsRefusedWithAnAlarm()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var node = await TestNode.Make(platform, 1);
        (await node.Enroll(platform, TestPlatform.Lan)).Status.ShouldBe(EnrollmentStatus.Accepted);
        (await node.CopiedTo(2).Enroll(platform, TestPlatform.Lan)).Status.ShouldBe(EnrollmentStatus.Denied);
        platform.Log.Lines.ShouldContain(line => line.StartsWith("Critical ALARM", StringComparison.Ordinal));
        (await platform.Requests()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task KnownBoardWithANewKeyWaitsEvenUnderAutoAndReplacesOnlyWhenTold()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var (old, reinstalled) = (await TestNode.Make(platform, 1), await TestNode.Make(platform, 1));
        var before = (await old.Enroll(platform, TestPlatform.Lan)).Identity!;
        using var waiting = await reinstalled.AskAndProve(platform, TestPlatform.Lan);
        var request = await platform.OnePending();
        request.Warning.ShouldNotBeNull().ShouldContain(before.Name);
        (await platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/accept")).Status.ShouldBe(HttpStatusCode.Conflict);
        (await platform.Login(before)).Allowed.ShouldBeTrue();
        var replaced = await platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/accept", new RequestDecision { ReplaceKey = true });
        replaced.Status.ShouldBe(HttpStatusCode.OK);
        var after = (await waiting.Read(ProtocolJson.Default.EnrollmentAnswer)).Identity!;
        (after.NodeId, after.Name, after.VpnMac).ShouldBe((before.NodeId, before.Name, before.VpnMac));
        (await platform.Login(before)).Allowed.ShouldBeFalse();
        (await platform.Login(after)).Allowed.ShouldBeTrue();
        platform.Hub.Told.ShouldContain(told => told.Operation == HubOperation.Disconnect && told.NodeId == before.NodeId);
        (await old.Enroll(platform, TestPlatform.Lan)).Status.ShouldBe(EnrollmentStatus.Denied);
    }

    [Fact]
    public async Task OneSourceHasAtMostAHundredWaitingRequestsAndTheyExpireAfterADay()
    {
        await using var platform = await TestPlatform.Start();
        var boards = await Task.WhenAll(Enumerable.Range(0, Examination.MaxPendingPerSource + 1).Select(number => TestNode.Make(platform, number)));
        var conversations = new List<Conversation>();
        foreach (var board in boards[..^1]) conversations.Add(await board.AskAndProve(platform, TestPlatform.Remote));
        await Wait.Until(async () => (await platform.Requests()).Count == Examination.MaxPendingPerSource);
        (await boards[^1].Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Denied);
        platform.Time.Move(TimeSpan.FromHours(25));
        await Wait.Until(async () => (await platform.Requests()).Count == 0);
        conversations.ForEach(conversation => conversation.Dispose());
    }
}
