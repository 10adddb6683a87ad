using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Life;

/// <summary>What nodes tell of their boots, and what they are told to do: daemon, database and waltvpn are the real ones.</summary>
public sealed class NodeLifeTests
{
    private const string First = "0123456789abcdef0123456789abcdef";
    private const string Second = "fedcba9876543210fedcba9876543210";

    [Fact]
    public async Task ReportIsKeptOnceAnsweredAndShown()
    {
        await using var platform = await Platform();
        var identity = await Joined(platform, 1);
        var lost = Report(First, 1, "no carrier on eth0") with { Now = null, Stages = [Stage("network", StageOutcome.Failed, "no carrier on eth0")] };
        await Hears(platform, identity, lost);
        await Hears(platform, identity, lost);
        await Hears(platform, identity, Report(Second, 2, "settings read"));
        await Hears(platform, identity, Report(Second, 3, "the site's network is up") with { Stages = [Stage("startup"), Stage("online", StageOutcome.UnderWay)] });
        platform.Hub.Told.Where(told => told.Word is { Kind: TunnelControl.ReportKept }).Select(told => (told.NodeId, told.Word!.Number))
            .ShouldBe([(identity.NodeId, 1L), (identity.NodeId, 1L), (identity.NodeId, 2L), (identity.NodeId, 3L)]);

        var timeline = (await platform.Waltvpn("node", "timeline", identity.Name)).Output;
        timeline.ShouldContain("boot fedcba98, started ");
        string.Join(' ', timeline.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ShouldContain("online now 1.0 s - 2");
        timeline.ShouldNotContain("no carrier");
        var former = (await platform.Waltvpn("node", "timeline", identity.Name, "--boot", "-1")).Output;
        former.ShouldContain("boot 01234567, never reached the server");
        former.ShouldContain("no carrier on eth0");
        (await platform.Waltvpn("node", "timeline", identity.Name, "-o", "json")).Output.ShouldContain("\"outcome\": \"underWay\"");
        var log = (await platform.Waltvpn("node", "log", identity.Name)).Output;
        log.ShouldContain("0.002   network: settings read\n");
        log.ShouldContain("0.003   network: the site's network is up\n");
        (await platform.Waltvpn("node", "log", identity.Name, "--boot", "-1", "-o", "json")).Output.ShouldContain("\"text\": \"no carrier on eth0\"");
        (await platform.Waltvpn("node", "log", identity.Name, "--boot", "-2")).Status.ShouldBe(3);
        (await platform.Waltvpn("node", "timeline", identity.Name, "-o", "wide")).Output.ShouldBe(timeline);
        (await platform.Waltvpn("node", "log", identity.Name, "-o", "wide")).Output.ShouldBe(log);
        (await platform.Waltvpn("node", "log", identity.Name, "--follow", "-o", "json")).Status.ShouldBe(2);
        var doctor = (await platform.Waltvpn("doctor", identity.Name)).Output;
        doctor.ShouldContain("ok     boot          in stage online since 1.0 s after its kernel's start");
        doctor.ShouldContain("ok     lost boots    1 never reached the server, they ended in: network");
    }

    [Fact]
    public async Task WhatIsKeptOfANodeIsBounded()
    {
        await using var platform = await Platform();
        var identity = await Joined(platform, 1);
        for (var boot = 0; boot < 13; boot++) await Hears(platform, identity, Report($"{boot:x32}", boot) with { Now = 1L << 53 });
        (await platform.Waltvpn("node", "timeline", identity.Name)).Status.ShouldBe(0);
        var text = new string('<', NodeReport.LongestText);
        for (var part = 0; part < 8; part++)
        {
            await Hears(platform, identity, Report(Second, 20 + part) with
            {
                Lines = [.. Enumerable.Range(0, 100).Select(i => new NodeLogLine { Number = (part * 100) + i, At = 1, Stage = "x", Text = i == 0 ? text : $"line {(part * 100) + i}" })],
            });
        }

        var boots = System.Text.Json.JsonSerializer.Deserialize(
            (await platform.Api(HttpMethod.Get, $"{Routes.Nodes}/{identity.NodeId}/boots")).Body, ProtocolJson.Default.IReadOnlyListNodeBootView)!;
        boots.Count.ShouldBe(10);
        boots[0].Boot.ShouldBe(Second);
        var lines = System.Text.Json.JsonSerializer.Deserialize(
            (await platform.Api(HttpMethod.Get, $"{Routes.Nodes}/{identity.NodeId}/boots/{Second}/log")).Body, ProtocolJson.Default.NodeLogView)!.Lines;
        lines.Count.ShouldBe(500);
        (lines[1].Number, lines[249].Number, lines[250].Number, lines[^1].Number).ShouldBe((1, 249, 550, 799));
    }

    [Fact]
    public async Task ReportOfNobodyIsNotKeptAndNotAnswered()
    {
        await using var platform = await Platform();
        var identity = await Joined(platform, 1);
        platform.Hub.Reports.Enqueue(new HeardReport(new string('0', 32), Report(First, 1)));
        // The hub lets no such report pass; should it, the daemon looks again.
        platform.Hub.Reports.Enqueue(new HeardReport(identity.NodeId, Report(First, 2, "\u001b]0;owned\u0007")));
        await Hears(platform, identity, Report(First, 3));
        platform.Hub.Told.Where(told => told.Word is { Kind: TunnelControl.ReportKept }).ShouldHaveSingleItem().Word!.Number.ShouldBe(3);
        (await platform.Waltvpn("node", "log", identity.Name)).Output.ShouldNotContain("owned");
    }

    [Fact]
    public async Task OrderGoesThroughTheTunnelAndIntoTheAuditTrail()
    {
        await using var platform = await Platform();
        var identity = await Joined(platform, 1);
        (await platform.Waltvpn("node", "reboot", identity.Name)).Status.ShouldBe(2);
        platform.Hub.Told.ShouldNotContain(told => told.Operation == HubOperation.Tell);
        var (status, output) = await platform.Waltvpn("node", "reboot", identity.Name, "--yes");
        (status, output).ShouldBe((0, $"{identity.Name} was told to start anew. Watch it: waltvpn node timeline {identity.Name}\n"));
        (await platform.Waltvpn("node", "blink", identity.Name, "--for", "5m")).ShouldBe((0, $"{identity.Name} was told to blink for 300 s\n"));
        platform.Hub.Told.Where(told => told.Operation == HubOperation.Tell).Select(told => (told.NodeId, told.Word!.Kind, told.Word.Seconds))
            .ShouldBe([(identity.NodeId, TunnelControl.Reboot, null), (identity.NodeId, TunnelControl.Blink, 300)]);
        (await platform.Audit()).TakeLast(2).Select(entry => (entry.Action, entry.Detail))
            .ShouldBe([("node reboot", identity.Name), ("node blink", $"{identity.Name}, 300 s")]);
        foreach (var wrong in (string[])["0s", "2h", "soon", "5"]) (await platform.Waltvpn("node", "blink", identity.Name, "--for", wrong)).Status.ShouldBe(2, wrong);
        (await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/blink", """{"seconds":0}""")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{new string('0', 32)}/reboot")).Status.ShouldBe(HttpStatusCode.NotFound);

        platform.Hub.Refuses = "tell: the node is not connected";
        var (refused, reason) = await platform.Waltvpn("node", "blink", identity.Name);
        refused.ShouldBe(4);
        reason.ShouldContain("could not be told (the hub refused Tell: tell: the node is not connected)");
        (await platform.Audit())[^1].Detail.ShouldContain("not told");
    }

    private static Task<TestPlatform> Platform() => TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });

    private static async Task<NodeIdentity> Joined(TestPlatform platform, int number) =>
        (await (await TestNode.Make(platform, number)).Enroll(platform, TestPlatform.Lan)).Identity!;

    private static async Task Hears(TestPlatform platform, NodeIdentity identity, NodeReport report)
    {
        var before = Answers(platform);
        platform.Hub.Reports.Enqueue(new HeardReport(identity.NodeId, report));
        await Wait.Until(() => Task.FromResult(Answers(platform) > before));
    }

    private static int Answers(TestPlatform platform) => platform.Hub.Told.Count(told => told.Word is { Kind: TunnelControl.ReportKept });

    private static StageReport Stage(string name, StageOutcome outcome = StageOutcome.Done, string? why = null) =>
        new() { Stage = name, Outcome = outcome, At = 1000, Took = outcome == StageOutcome.Done ? 500 : null, Tries = 2, Why = why };

    private static NodeReport Report(string boot, int number, string text = "x") => new()
    {
        Boot = boot,
        Number = number,
        Now = 5000,
        Lines = [new NodeLogLine { Number = number, At = number, Stage = "network", Text = text }],
    };
}
