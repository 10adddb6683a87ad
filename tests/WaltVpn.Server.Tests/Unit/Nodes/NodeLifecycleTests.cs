using System.Net;
using System.Text.Json;
using Dapper;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Nodes;

/// <summary>accepted ⇄ disabled, revoked, forgotten, and back (docs/security.md CERT-6, ENR-4).</summary>
public sealed class NodeLifecycleTests
{
    private static ServerSettings Auto(ServerSettings settings) => settings with { LanPolicy = EnrollmentPolicy.Auto };

    [Fact]
    public async Task DisabledNodeIsKeptOutAndComesBackAsItWas()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var board = await TestNode.Make(platform, 1);
        var identity = (await board.Enroll(platform, TestPlatform.Lan)).Identity!;
        (await Change(platform, identity, "disable")).State.ShouldBe(NodeState.Disabled);
        (await platform.Login(identity)).Allowed.ShouldBeFalse();
        platform.Hub.Told.ShouldContain(told => told.Operation == HubOperation.Disconnect && told.NodeId == identity.NodeId);
        var answer = await board.Enroll(platform, TestPlatform.Lan);
        answer.Status.ShouldBe(EnrollmentStatus.Denied);
        answer.Reason!.ShouldContain("disabled");
        (await Change(platform, identity, "enable")).State.ShouldBe(NodeState.Accepted);
        (await platform.Login(identity)).Allowed.ShouldBeTrue();
        (await board.Enroll(platform, TestPlatform.Lan)).Identity.ShouldBe(identity);
    }

    [Fact]
    public async Task DisabledBoardWithANewKeyIsTheSameNodeAndStaysDisabled()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        await Change(platform, identity, "disable");
        using var waiting = await (await TestNode.Make(platform, 1)).AskAndProve(platform, TestPlatform.Lan);
        var request = await platform.OnePending();
        request.Warning!.ShouldContain("--replace-key");
        await platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/accept", new RequestDecision { ReplaceKey = true });
        (await waiting.Read(ProtocolJson.Default.EnrollmentAnswer)).Status.ShouldBe(EnrollmentStatus.Denied);
        (await platform.Nodes()).ShouldHaveSingleItem().State.ShouldBe(NodeState.Disabled);
    }

    [Fact]
    public async Task ForgottenNodeIsOffTheListsAndItsCertificateIsVoid()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var board = await TestNode.Make(platform, 1);
        var before = (await board.Enroll(platform, TestPlatform.Lan)).Identity!;
        (await Change(platform, before, "forget")).State.ShouldBe(NodeState.Forgotten);
        (await platform.Nodes()).ShouldBeEmpty();
        (await platform.Requests()).ShouldBeEmpty();
        var forgotten = (await Forgotten(platform)).ShouldHaveSingleItem();
        (forgotten.Name, forgotten.KeyRevoked).ShouldBe((before.Name, false));
        (await platform.Login(before)).Allowed.ShouldBeFalse();
        platform.Hub.Told.ShouldContain(told => told.Operation == HubOperation.Disconnect && told.NodeId == before.NodeId);
        platform.Database.Read(CertificateJournal.Revoked).Serials.ShouldContain(SshCertificate.Parse(before.Certificate).Serial);
    }

    [Fact]
    public async Task ForgottenNodeIsItselfAgainWhenItsKeyIsAccepted()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var board = await TestNode.Make(platform, 1);
        var before = (await board.Enroll(platform, TestPlatform.Lan)).Identity!;
        await Change(platform, before, "forget");
        // Far away the policy is manual: forgotten means that somebody decides again.
        using var waiting = await board.AskAndProve(platform, TestPlatform.Remote);
        var request = await platform.OnePending();
        await platform.Api(HttpMethod.Post, $"{Routes.Requests}/{request.Id}/accept");
        var after = (await waiting.Read(ProtocolJson.Default.EnrollmentAnswer)).Identity!;
        after.ShouldBe(before with { Certificate = after.Certificate });
        after.Certificate.ShouldNotBe(before.Certificate);
        (await platform.Login(after)).Allowed.ShouldBeTrue();
        (await platform.Login(before)).Allowed.ShouldBeFalse();
        (await Forgotten(platform)).ShouldHaveSingleItem().State.ShouldBe(NodeState.Accepted);
    }

    [Theory]
    [InlineData("revoke", "forget")]
    [InlineData("forget", "revoke")]
    public async Task RevokedKeyIsVoidForEverAlsoOfAForgottenNode(string first, string second)
    {
        await using var platform = await TestPlatform.Start(Auto);
        var board = await TestNode.Make(platform, 1);
        var identity = (await board.Enroll(platform, TestPlatform.Lan)).Identity!;
        await Change(platform, identity, first);
        await Change(platform, identity, second);
        (await Forgotten(platform)).ShouldHaveSingleItem().KeyRevoked.ShouldBeTrue();
        platform.Database.Read(CertificateJournal.Revoked).Keys.ShouldBe([board.PublicKey]);
        (await board.Enroll(platform, TestPlatform.Lan)).Status.ShouldBe(EnrollmentStatus.Denied);
    }

    [Fact]
    public async Task NameOfAForgottenNodeIsFreeAndNobodyLosesOne()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var (old, other) = (await TestNode.Make(platform, 1), await TestNode.Make(platform, 2));
        var (first, second) = ((await old.Enroll(platform, TestPlatform.Lan)).Identity!, (await other.Enroll(platform, TestPlatform.Lan)).Identity!);
        (await platform.Waltvpn("node", "rename", first.Name, "roof")).ShouldBe((0, $"{first.Name} is now roof\n"));
        (await platform.Waltvpn("node", "rename", second.Name, "roof")).Status.ShouldBe(4);
        (await platform.Waltvpn("node", "forget", "roof", "--yes")).ShouldBe((0, "roof is forgotten\n"));
        (await platform.Waltvpn("node", "rename", second.Name, "roof")).Status.ShouldBe(0);
        // Two have had the name: it is the living one's.
        (await platform.Waltvpn("node", "show", "roof")).Output.ShouldContain(second.NodeId);
        (await old.Enroll(platform, TestPlatform.Lan)).Identity!.Name.ShouldBe(first.NodeId);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Roof")]
    [InlineData("-roof")]
    [InlineData("roof-")]
    [InlineData("3roof")]
    [InlineData("roof.north")]
    [InlineData("roof north")]
    [InlineData("roof\nnorth")]
    [InlineData("dächer")]
    [InlineData("a123456789012345678901234567890123456789012345678901234567890123")]
    public void NameThatIsNoHostNameIsNone(string name) => NodeName.IsValid(name).ShouldBeFalse();

    [Fact]
    public async Task WhatDoesNotFitTheStateIsRefusedAndChangesNothing()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        (await platform.Waltvpn("node", "rename", identity.Name, "Roof")).Output.ShouldContain("begins with a letter");
        (await platform.Waltvpn("node", "forget", identity.Name)).Output.ShouldContain("add --yes");
        await Change(platform, identity, "revoke");
        foreach (var verb in (string[])["disable", "enable"])
        {
            var (status, body) = await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/{verb}");
            status.ShouldBe(HttpStatusCode.Conflict);
            body.ShouldContain("with another key");
        }

        (await platform.Nodes()).ShouldHaveSingleItem().State.ShouldBe(NodeState.Revoked);
        foreach (var verb in (string[])["revoke", "forget", "disable", "enable"])
            (await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/0123/{verb}")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task KeyOfAForgottenNodeDoesNotBecomeAnothers()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var (old, flashed) = (await TestNode.Make(platform, 1), await TestNode.Make(platform, 1));
        var first = (await old.Enroll(platform, TestPlatform.Lan)).Identity!;
        await Change(platform, first, "forget");
        var second = (await flashed.Enroll(platform, TestPlatform.Lan)).Identity!;
        second.NodeId.ShouldNotBe(first.NodeId);
        using var waiting = await old.AskAndProve(platform, TestPlatform.Lan);
        var request = await platform.OnePending();
        var accept = $"{Routes.Requests}/{request.Id}/accept";
        var (status, body) = await platform.Api(HttpMethod.Post, accept, new RequestDecision { ReplaceKey = true });
        status.ShouldBe(HttpStatusCode.Conflict);
        body.ShouldContain($"waltvpn node forget {second.Name}");
        (await platform.Login(second)).Allowed.ShouldBeTrue();
        await Change(platform, second, "forget");
        (await platform.Api(HttpMethod.Post, accept)).Status.ShouldBe(HttpStatusCode.OK);
        (await waiting.Read(ProtocolJson.Default.EnrollmentAnswer)).Identity!.NodeId.ShouldBe(first.NodeId);
    }

    [Fact]
    public async Task WhoReadsWaltsTablesFindsThem()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var (kept, gone) = (await TestNode.Make(platform, 1), await TestNode.Make(platform, 2));
        var (one, two) = ((await kept.Enroll(platform, TestPlatform.Lan)).Identity!, (await gone.Enroll(platform, TestPlatform.Lan)).Identity!);
        await Change(platform, two, "forget");
        await Change(platform, two, "revoke");
        platform.Database.Read(db => db.Query<(string, string)>("SELECT mac, vpnmac FROM vpnnodes").ToList()).ShouldBe([(kept.Mac, one.VpnMac.ToString())]);
        platform.Database.Read(db => db.Query<(string, string, string, bool)>("SELECT vpnmac, pubkeycert, device_label, revoked FROM vpnauth").ToList()).ShouldBe(
        [
            (one.VpnMac.ToString(), one.Certificate, $"{one.Name} ({kept.Mac})", false),
            (two.VpnMac.ToString(), two.Certificate, $"{two.Name} ({gone.Mac})", true),
        ], ignoreOrder: true);
    }

    private static async Task<NodeView> Change(TestPlatform platform, NodeIdentity identity, string verb)
    {
        var (status, body) = await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/{verb}");
        status.ShouldBe(HttpStatusCode.OK, body);
        return JsonSerializer.Deserialize(body, ProtocolJson.Default.NodeView)!;
    }

    private static async Task<IReadOnlyList<NodeView>> Forgotten(TestPlatform platform) =>
        JsonSerializer.Deserialize((await platform.Api(HttpMethod.Get, $"{Routes.Nodes}?forgotten=true")).Body, ProtocolJson.Default.IReadOnlyListNodeView)!;
}
