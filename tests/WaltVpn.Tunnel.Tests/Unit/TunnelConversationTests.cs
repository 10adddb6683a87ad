using Shouldly;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>Who says when which version begins, signs of life, words beside the frames: docs/protocol.md "Tunnel"; docs/security.md L2-1, L2-9, L2-10, REL-2.</summary>
/// <remarks><code>
///   node: wire ══ packets ══ FrameBatch ▶ bytes ▶ TunnelConversation :server      and the same the other way
/// </code></remarks>
public sealed class TunnelConversationTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly HandClock _clock = new();
    private readonly List<TunnelSide> _sides = [];

    public void Dispose() => _sides.ForEach(side => side.Dispose());

    [Fact]
    public void BothEndsSwitchAndFramesOfBothVersionsArrive()
    {
        var (node, server) = (Side(TunnelRole.Node, true), Side(TunnelRole.Server, true));
        // The server has frames before it has an answer to its offer: they go in version 0.
        server.Send(Frame(1));
        Exchange(server, node);
        node.Got.ShouldBe([Frame(1)]);
        node.Send(Frame(2));
        Exchange(node, server);
        (node.Conversation.Version, server.Conversation.Version).ShouldBe((2, 0));
        server.Got.ShouldBe([Frame(2)]);
        Exchange(server, node);
        server.Send(Frame(3));
        Exchange(server, node);
        node.Got.ShouldBe([Frame(1), Frame(3)]);
        (node.Conversation.Version, server.Conversation.Version).ShouldBe((2, 2));
        (node.Conversation.SendsLargeFrames, server.Conversation.SendsLargeFrames).ShouldBe((true, true));
    }

    [Fact]
    public void NodeWaitsForTheOfferAndThenGoesOnWithoutIt()
    {
        var node = Side(TunnelRole.Node, true);
        node.Send(Frame(1));
        node.Compose().ShouldBeEmpty();
        _clock.Advance(4 * Second);
        node.Conversation.Tick().ShouldBeTrue();
        node.Compose().ShouldBeEmpty();
        _clock.Advance(1 * Second);
        node.Conversation.Tick().ShouldBeTrue();
        node.Compose().ShouldBe(Packets.Record(Frame(1)));
    }

    [Fact]
    public void OfferThatComesLateIsTakenBetweenFramesOfVersion0()
    {
        var (node, server) = (Side(TunnelRole.Node, true), Side(TunnelRole.Server, true));
        _clock.Advance(6 * Second);
        node.Conversation.Tick();
        node.Send(Frame(1), Frame(2));
        Exchange(node, server);
        server.Got.ShouldBe([Frame(1), Frame(2)]);
        server.Send(Frame(3));
        Exchange(server, node);
        node.Send(Frame(4));
        server.Send(Frame(5));
        // Both are on their way at once: the server's is still of version 0.
        var (fromNode, fromServer) = (node.Compose(), server.Compose());
        node.Receive(fromServer);
        server.Receive(fromNode);
        Exchange(server, node);
        server.Send(Frame(6));
        Exchange(server, node);
        server.Got.ShouldBe([Frame(1), Frame(2), Frame(4)]);
        node.Got.ShouldBe([Frame(3), Frame(5), Frame(6)]);
        (node.Conversation.Version, server.Conversation.Version).ShouldBe((2, 2));
    }

    [Fact]
    public void ServerThatKnowsOnlyVersion0IsUnderstoodByItsFirstFrame()
    {
        var (node, server) = (Side(TunnelRole.Node, true), Side(TunnelRole.Server, false));
        node.Send(Frame(1));
        node.Compose().ShouldBeEmpty();
        server.Send(Frame(2));
        Exchange(server, node);
        Exchange(node, server);
        (node.Got.Single(), server.Got.Single()).ShouldBe((Frame(2), Frame(1)), new SameBytes());
        node.Conversation.Version.ShouldBe(0);
        // An offer is a server's first word or none.
        node.Receive([0, 0]).ShouldBe(TunnelStep.Refused);
    }

    [Fact]
    public void NodeThatDidNotAskIsOfferedNothing()
    {
        var (node, server) = (Side(TunnelRole.Node, false), Side(TunnelRole.Server, false));
        node.Send(Frame(1));
        server.Send(Frame(2));
        Exchange(node, server);
        Exchange(server, node);
        _clock.Advance(1000 * Second);
        (node.Conversation.Tick(), server.Conversation.Tick()).ShouldBe((true, true));
        (node.Compose().Length, server.Compose().Length).ShouldBe((0, 0));
        node.Receive([0, 0]).ShouldBe(TunnelStep.Refused);
        server.Receive([0, 0]).ShouldBe(TunnelStep.Refused);
        server.Conversation.Reason.ShouldBe("the node announced a frame of 0 bytes: not a tunnel");
    }

    [Fact]
    public void StreamsCutAnywhereSayTheSame()
    {
        // What each end says, in order, from a conversation of two that are connected at once.
        var (node, server) = (Side(TunnelRole.Node, true), Side(TunnelRole.Server, true));
        List<byte> toNode = [], toServer = [];
        for (var round = 0; round < 6; round++)
        {
            server.Send(Frame(round));
            node.Send(Frame(100 + round));
            var (fromServer, fromNode) = (server.Compose(), node.Compose());
            (toNode, toServer) = ([.. toNode, .. fromServer], [.. toServer, .. fromNode]);
            node.Receive(fromServer);
            server.Receive(fromNode);
            if (round == 3) server.Conversation.TryTell(new TunnelControl { Kind = "x" }).ShouldBeTrue();
            _clock.Advance(6 * Second);
            node.Conversation.Tick();
        }

        foreach (var (stream, end) in ((List<byte>, TunnelSide)[])[(toNode, node), (toServer, server)])
        {
            end.Got.Count.ShouldBeGreaterThan(3);
            for (var cut = 0; cut <= stream.Count; cut++)
            {
                using var again = new TunnelSide(end.Role, true, _clock);
                again.Receive([.. stream.Take(cut)]).ShouldBe(TunnelStep.NeedMore);
                // The server's answer to a hello follows the node's, which it says here.
                again.Compose();
                again.Receive([.. stream.Skip(cut)]).ShouldBe(TunnelStep.NeedMore);
                again.Got.Count.ShouldBe(end.Got.Count);
                again.Words.ShouldBe(end.Words);
                for (var i = 0; i < end.Got.Count; i++) again.Got[i].AsSpan().SequenceEqual(end.Got[i]).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public void PeerThatSaysNothingIsDeadAfterTheShorterTimeOfBoth()
    {
        var (node, server) = Connected(nodeDeadAfter: 15, serverDeadAfter: 3);
        for (var i = 0; i < 29; i++)
        {
            _clock.Advance(Second / 10);
            (node.Conversation.Tick(), server.Conversation.Tick()).ShouldBe((true, true));
        }

        // Signs of life were asked for meanwhile.
        foreach (var side in (TunnelSide[])[node, server]) side.Compose().Length.ShouldBe(TunnelRecord.PrefixLength + TunnelRecord.PingLength);
        _clock.Advance(Second / 10);
        node.Conversation.Tick().ShouldBeFalse();
        node.Conversation.Reason.ShouldStartWith("no sign of life from the server for ");
        server.Conversation.Tick().ShouldBeFalse();
        server.Conversation.Reason.ShouldStartWith("no sign of life from the node for ");
    }

    [Fact]
    public void SignsOfLifeKeepAnIdleTunnelAndMeasureTheRoundTrip()
    {
        var (node, server) = Connected(nodeDeadAfter: 15, serverDeadAfter: 15);
        node.Conversation.RoundTrip.ShouldBeNull();
        for (var i = 0; i < 100; i++)
        {
            _clock.Advance(Second);
            (node.Conversation.Tick(), server.Conversation.Tick()).ShouldBe((true, true));
            var fromNode = node.Compose();
            _clock.Advance(Second / 50);
            server.Receive(fromNode);
            var fromServer = server.Compose();
            _clock.Advance(Second / 50);
            node.Receive(fromServer);
        }

        node.Conversation.RoundTrip.ShouldBe(Second / 25);
        server.Conversation.RoundTrip.ShouldNotBeNull();
    }

    [Fact]
    public void WordsOfTheServerReachTheNodeInOrder()
    {
        var (node, server) = Connected();
        server.Send(Frame(1));
        foreach (var kind in (string[])["settingsChanged", "later", "x"]) server.Conversation.TryTell(new TunnelControl { Kind = kind }).ShouldBeTrue();
        Exchange(server, node);
        node.Words.ShouldBe(["settingsChanged", "later", "x"]);
        node.Got.Count.ShouldBe(1);
    }

    [Fact]
    public void LongWordsGoInAsManyBatchesAsTheyNeedAndNoMoreWaitThanSixteen()
    {
        var (node, server) = Connected();
        var kind = new string('x', 60_000);
        for (var i = 0; i < 16; i++) server.Conversation.TryTell(new TunnelControl { Kind = kind }).ShouldBeTrue();
        server.Conversation.TryTell(new TunnelControl { Kind = kind }).ShouldBeFalse();
        for (var i = 0; i < 4; i++)
        {
            server.Conversation.HasSomethingToSay.ShouldBeTrue();
            Exchange(server, node);
        }

        server.Conversation.HasSomethingToSay.ShouldBeFalse();
        node.Words.Count.ShouldBe(16);
    }

    [Fact]
    public void WordOfANodeEndsItsTunnel()
    {
        var (node, server) = Connected();
        node.Conversation.TryTell(new TunnelControl { Kind = "reboot" }).ShouldBeTrue();
        server.Receive(node.Compose()).ShouldBe(TunnelStep.Refused);
        server.Conversation.Reason.ShouldBe("the node said 'reboot', which is the server's to say");
    }

    [Fact]
    public void ReportOfANodeIsHeardAndTheServerSaysThatItMay()
    {
        var (node, server) = Connected();
        NodeReport? heard = null;
        server.Conversation.Told += word => heard = word.Report;
        (node.Conversation.HearsReports, server.Conversation.HearsReports).ShouldBe((true, false));
        node.Conversation.TryTell(new TunnelControl { Kind = TunnelControl.NodeReports, Report = Report() }).ShouldBeTrue();
        server.Receive(node.Compose()).ShouldBe(TunnelStep.NeedMore);
        heard!.Lines.ShouldHaveSingleItem().Text.ShouldBe("the site's network is up");
        heard.Stages.ShouldHaveSingleItem().Why.ShouldBe("no carrier");
    }

    public static TheoryData<string> ReportsThatAreNone =>
    [
        """{"kind":"report"}""",
        """{"kind":"report","report":{"boot":"0123","number":1}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":-1}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"lines":[null]}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"stages":[null]}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"lines":[{"number":1,"at":1,"stage":"tunnel","text":"\u001b[2J"}]}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"lines":[{"number":1,"at":1,"stage":"\u202e","text":"x"}]}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"lines":[{"number":2,"at":1,"stage":"x","text":"x"},{"number":2,"at":1,"stage":"x","text":"x"}]}}""",
        $$$"""{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"lines":[{"number":1,"at":1,"stage":"x","text":"{{{new string('x', NodeReport.LongestText + 1)}}}"}]}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"stages":[{"stage":"x","outcome":"later","at":1,"tries":1}]}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"image":{"epoch":-1,"built":1}}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"image":{"epoch":1,"built":253402300800}}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"image":{"epoch":1}}}""",
        """{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":1,"image":{"epoch":1,"built":1,"sha256":"ABCD"}}}""",
    ];

    [Theory]
    [MemberData(nameof(ReportsThatAreNone))]
    public void ReportOutsideItsRangesEndsTheTunnel(string json)
    {
        var (node, server) = Connected();
        node.Compose();
        node.Batch.Clear();
        node.Batch.Add(TunnelRecordType.Control, System.Text.Encoding.UTF8.GetBytes(json));
        server.Receive(node.Batch.Unsent).ShouldBe(TunnelStep.Refused);
        server.Conversation.Reason.ShouldBeOneOf("the node sent a report that is none", "the node sent a control record that is none");
    }

    [Fact]
    public void LargestReportFitsIntoARecord()
    {
        // What JSON writes in six characters, in every place.
        var line = new NodeLogLine { Number = 1L << 52, At = 1L << 52, Stage = new string('s', 20), Warning = true, Text = new string('x', 200) };
        var report = Report() with { Lines = [.. Enumerable.Range(0, NodeReport.MostLines).Select(i => line with { Number = line.Number + i })] };
        report.IsValid.ShouldBeTrue();
        new TunnelControl { Kind = TunnelControl.NodeReports, Report = report }.ToJson().Length.ShouldBeLessThanOrEqualTo(TunnelRecord.MaxControlLength);
    }

    private static NodeReport Report() => new()
    {
        Boot = "0123456789abcdef0123456789abcdef",
        Number = 7,
        Now = 12_000,
        Image = new RunningImage { Epoch = 1L << 40, Built = 253_402_300_799, Sha256 = new string('f', 64) },
        Stages = [new StageReport { Stage = "network", Outcome = StageOutcome.UnderWay, At = 900, Tries = 2, Why = "no carrier" }],
        Lines = [new NodeLogLine { Number = 5, At = 1000, Stage = "network", Text = "the site's network is up" }],
    };

    [Fact]
    public void NobodyIsToldAnythingInVersion0()
    {
        var server = Side(TunnelRole.Server, true);
        server.Conversation.TryTell(new TunnelControl { Kind = "x" }).ShouldBeFalse();
    }

    [Fact]
    public void CloseEndsTheTunnelWithItsReason()
    {
        var (node, server) = Connected();
        server.Compose();
        server.Batch.Clear();
        server.Batch.AddEnd("the certificate was revoked\n");
        node.Receive(server.Batch.Unsent).ShouldBe(TunnelStep.Refused);
        node.Conversation.Reason.ShouldBe("the server ended the tunnel: the certificate was revoked?");
    }

    [Theory]
    [InlineData("0000" + "01000004" + "01010010")] // version 1
    [InlineData("0000" + "01000004" + "02010002")] // dead after 2 s
    [InlineData("0000" + "01000004" + "0201003D")] // dead after 61 s
    [InlineData("0000" + "01000003" + "020100")] // too short
    [InlineData("0000" + "0300000800000000")] // not a hello
    public void HelloThatMakesNoSenseEndsTheTunnel(string stream)
    {
        foreach (var role in (TunnelRole[])[TunnelRole.Node, TunnelRole.Server])
            Side(role, true).Receive(Convert.FromHexString(stream)).ShouldBe(TunnelStep.Refused);
    }

    [Fact]
    public void SecondHelloOfANodeAndThirdOfAServerAreRefused()
    {
        var (node, server) = Connected();
        byte[] hello = [0, 0, 1, 0, 0, 4, 2, 1, 0, 15];
        node.Receive(hello).ShouldBe(TunnelStep.Refused);
        server.Receive(hello).ShouldBe(TunnelStep.Refused);
    }

    [Fact]
    public void UntrueHeaderCostsItsFrameAndIsCounted()
    {
        var (node, server) = Connected();
        byte[] untrue = [2, 0, 0, 24, 1, 0, 0, 0, 0, 0, 14, 0, 12, 0, .. Frame(1)[..14]];
        byte[] unknown = [2, 0, 0, 24, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, .. Frame(1)[..14]];
        server.Receive([.. untrue, .. unknown]).ShouldBe(TunnelStep.NeedMore);
        node.Send(Frame(2));
        Exchange(node, server);
        server.Got.ShouldBe([Frame(2)]);
        server.Conversation.UntrueHeaders.ShouldBe(2);
    }

    [Fact]
    public void FrameForAPeerOfVersion2IsNotSentInVersion0()
    {
        var node = Side(TunnelRole.Node, false);
        var header = new byte[10];
        header[0] = 1;
        node.SendRaw(header, Frame(1));
        node.Send(Frame(2));
        node.Compose().ShouldBe(Packets.Record(Frame(2)));
        node.Batch.Dropped.ShouldBe(1);
    }

    [Fact]
    public void RandomStreamsEndInRefusalsAndNothingElse()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var (refused, frames) = (0, 0);
        var buffer = new byte[TunnelReader.DefaultCapacity];
        byte[] hello = [0, 0, 1, 0, 0, 4, 2, 1, 0, 15];
        for (var round = 0; round < 200_000; round++)
        {
            var role = (TunnelRole)random.Next(2);
            var conversation = new TunnelConversation(new TunnelOptions { Role = role, Version2 = true }, _clock, new TunnelReader(buffer));
            List<byte> stream = [];
            if (random.Next(8) > 0) stream.AddRange(hello);
            if (role == TunnelRole.Node && random.Next(8) > 0) stream.AddRange(hello);
            for (var i = random.Next(5); i > 0; i--) stream.AddRange(RandomRecord(random));
            for (var i = random.Next(3); i > 0 && stream.Count > 0; i--) stream[random.Next(stream.Count)] = (byte)random.Next(256);
            var (bytes, step) = (stream.ToArray(), TunnelStep.NeedMore);
            for (var rest = bytes.AsSpan(); !rest.IsEmpty && step != TunnelStep.Refused;)
            {
                var part = rest[..random.Next(1, Math.Min(rest.Length, 100) + 1)];
                part.CopyTo(conversation.Reader.Free);
                conversation.Received(part.Length);
                while ((step = conversation.Next(out var frame)) == TunnelStep.Frame)
                {
                    frames++;
                    (frame.Length is >= TunnelFrame.MinLength and <= TunnelRecord.MaxFrameLength).ShouldBeTrue($"seed {seed}, round {round}");
                }

                rest = rest[part.Length..];
            }

            if (step != TunnelStep.Refused) continue;
            refused++;
            conversation.Reason.ShouldNotBeEmpty($"seed {seed}, round {round}");
        }

        frames.ShouldBeGreaterThan(10_000);
        refused.ShouldBeGreaterThan(10_000);
    }

    private static byte[] RandomRecord(Random random)
    {
        var type = random.Next(1, 8);
        var length = type switch { 2 => random.Next(20, 120), 3 or 4 => 8, _ => random.Next(0, 80) };
        var content = new byte[length];
        if (random.Next(2) == 0) random.NextBytes(content);
        return [(byte)type, 0, 0, (byte)length, .. content];
    }

    private TunnelSide Side(TunnelRole role, bool version2, int deadAfter = 15)
    {
        _sides.Add(new TunnelSide(role, version2, _clock, deadAfter));
        return _sides[^1];
    }

    private (TunnelSide Node, TunnelSide Server) Connected(int nodeDeadAfter = 15, int serverDeadAfter = 15)
    {
        var (node, server) = (Side(TunnelRole.Node, true, nodeDeadAfter), Side(TunnelRole.Server, true, serverDeadAfter));
        Exchange(server, node);
        Exchange(node, server);
        Exchange(server, node);
        (node.Conversation.Version, server.Conversation.Version).ShouldBe((2, 2));
        return (node, server);
    }

    private static void Exchange(TunnelSide from, TunnelSide to) => to.Receive(from.Compose()).ShouldBe(TunnelStep.NeedMore, to.Conversation.Reason);

    private static byte[] Frame(int seed)
    {
        var frame = new byte[60 + (seed % 7)];
        for (var i = 0; i < frame.Length; i++) frame[i] = (byte)(seed + (i * 3));
        return frame;
    }

    private sealed class SameBytes : IEqualityComparer<(byte[], byte[])>
    {
        public bool Equals((byte[], byte[]) x, (byte[], byte[]) y) => x.Item1.AsSpan().SequenceEqual(y.Item1) && x.Item2.AsSpan().SequenceEqual(y.Item2);

        public int GetHashCode((byte[], byte[]) obj) => obj.Item1.Length;
    }
}
