using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Shouldly;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using Xunit;
using static WaltVpn.Tunnel.Tests.Packets;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>Tunnels of both versions with kernels at both ends, and hostile ones by hand: docs/security.md L2-1, L2-5, L2-9, L2-10, REL-2.</summary>
/// <remarks><code>
///   node's kernel ── TAP walt-vpn ── FramePump ══ socket pair ══ waltvpn-hub serve ── TAP wn-… ── bridge ── the server's kernel
///   a test's bytes ══════════════════════════════ socket pair ══╝                                   ╚═══ TAP plat (the platform)
/// </code></remarks>
[Collection(OneNetwork.Name)]
public sealed class Version2Tests : IAsyncLifetime
{
    private const int Amount = 20_000_000;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly byte[] Hello = [0, 0, 1, 0, 0, 4, 2, 1, 0, 60];
    private HubProcess _hub = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _hub = await HubProcess.Start(options: ["--dead-after", "60"]);

    public ValueTask DisposeAsync()
    {
        _hub.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(true, true, 2)]
    [InlineData(true, false, 0)] // a server that knows only version 0
    [InlineData(false, true, 0)] // a node that knows only version 0 is never offered anything: it did not ask
    public async Task TcpArrivesWholeInBothDirections(bool nodeAsks, bool serverIsAsked, int version)
    {
        Tools.Require("socat");
        var end = await _hub.Connect('a', version2: nodeAsks && serverIsAsked);
        using var node = await KernelNode.Start(end, nodeAsks);
        if (version == 2) await _hub.Logged("version 2 of the tunnel");
        var up = await Transfer(node, toServer: true);
        var down = await Transfer(node, toServer: false);
        up.ShouldBe(down);

        var session = _hub.Sessions.Single();
        session.TunnelVersion.ShouldBe(version);
        // Segments come in one piece where both ends speak version 2, and in the size of a packet where not.
        IsLarge(session.BytesFromNode, session.FramesFromNode).ShouldBe(version == 2);
        IsLarge(session.BytesToNode, session.FramesToNode).ShouldBe(version == 2);
        session.FramesRefused.ShouldBe(0);
    }

    [Fact]
    public async Task LargeFrameOfANodesOwnIsCutAndASpoofedOneIsDropped()
    {
        using var platform = new PlatformPort(_hub.BridgeName);
        using var node = await Accepted('a');
        var (own, other) = (LinkLocal(node.MacBytes), LinkLocal(PlatformPort.Mac));
        var good = Segment(node.MacBytes, own, other, 3000);
        (byte[] Header, byte[] Frame)[] hostile =
        [
            Segment(node.MacBytes, "fe80::5054:ff:fe00:b", other, 3000),
            Segment([0x52, 0x54, 0, 0, 0, 0x0B], own, other, 3000),
            (Header(1, 4, 74, 1440, 22, 16), good.Frame), // the checksum would go into the source address
            (Header(1, 4, 74, 1440, 54, 18), good.Frame),
            (Header(1, 1, 74, 1440, 54, 16), good.Frame),
            (Header(1, 4, 74, 1, 54, 16), good.Frame),
            (Header(0, 4, 74, 1440, 54, 16), good.Frame),
            (Header(1, 3, 74, 1440, 54, 16), good.Frame),
            (Header(4, 0, 0, 0, 0, 0), Marker(node.MacBytes, 1)),
            (Header(0, 0, 0, 0, 0, 0), good.Frame),
        ];
        foreach (var (header, frame) in hostile) node.Stream.Write(Record(header, frame));
        node.Stream.Write(Record(Header(0, 0, 0, 0, 0, 0), Marker(node.MacBytes, 2)));
        platform.ReceiveUntil(IsMarker(2)).Where(frame => frame.AsSpan(12, 2).SequenceEqual((byte[])[0x86, 0xDD]) && frame[20] == 6).ShouldBeEmpty();
        _hub.Sessions.Single().FramesRefused.ShouldBe(hostile.Length);

        node.Stream.Write(Record(good.Header, good.Frame));
        node.Stream.Write(Record(Header(0, 0, 0, 0, 0, 0), Marker(node.MacBytes, 3)));
        var segments = platform.ReceiveUntil(IsMarker(3)).Where(frame => frame[20] == 6 && frame.AsSpan(6, 6).SequenceEqual(node.MacBytes)).ToList();
        segments.Select(segment => segment.Length - 74).ShouldBe([1440, 1440, 120]);
    }

    [Fact]
    public async Task HundredThousandHeadersLeaveHubAndKernelUp()
    {
        using var platform = new PlatformPort(_hub.BridgeName);
        using var node = await Accepted('a');
        var random = new Random(4);
        var header = new byte[10];
        var (own, other) = (LinkLocal(node.MacBytes), LinkLocal(PlatformPort.Mac));
        for (var i = 0; i < 100_000; i++)
        {
            var (good, frame) = Segment(node.MacBytes, own, other, random.Next(0, 4000));
            good.CopyTo(header, 0);
            for (var changes = random.Next(3); changes > 0; changes--) header[random.Next(10)] = (byte)random.Next(256);
            for (var changes = random.Next(3); changes > 0; changes--) frame[random.Next(20, 74)] = (byte)random.Next(256);
            node.Stream.Write(Record(header, frame));
        }

        await Until(() => _hub.Sessions.Single() is var session && session.FramesFromNode + session.FramesRefused + session.FramesDropped == 100_000);
        // What passed has filled the platform's queue.
        platform.Tap.NonBlocking = true;
        var buffer = new byte[2000];
        while (platform.Tap.TryRead(buffer).Succeeded) { }
        node.Stream.Write(Record(new byte[10], Marker(node.MacBytes, 9)));
        platform.ReceiveUntil(IsMarker(9));
        _hub.Sessions.Single().FramesRefused.ShouldBeGreaterThan(10_000);
    }

    [Fact]
    public async Task NodeThatSaysNothingMoreIsFoundDead()
    {
        await MakeImpatient();
        using var node = await Accepted('a');
        HubProcess.ReadToEnd(node.Connection!).ShouldStartWith("ended: no sign of life from the node for ");
        _hub.Sessions.ShouldBeEmpty();
        (await Tools.Run("ip", "-o", "link")).ShouldNotContain("wn-aaaa");
    }

    [Fact]
    public async Task ServerThatSaysNothingMoreIsFoundDead()
    {
        await MakeImpatient();
        var end = await _hub.Connect('a', version2: true);
        using var node = await KernelNode.Start(end, version2: true);
        await _hub.Logged("version 2 of the tunnel");
        _hub.Signal("STOP");
        var why = await node.Pump.Completion.WaitAsync(Deadline, Cancellation);
        why.Reason.ShouldStartWith("no sign of life from the server for ");
        _hub.Signal("CONT");
    }

    [Fact]
    public async Task NodeThatTakesNothingIsGivenUpThoughItSpeaks()
    {
        using var platform = new PlatformPort(_hub.BridgeName);
        using var node = await Accepted('a');
        platform.Tap.NonBlocking = true;
        using var pings = new Timer(_ => node.Stream.TryWrite([3, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1]), null, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        var flood = Ethernet(Broadcast, PlatformPort.Mac, 0x0806, new byte[1400]);
        using var poll = new Poll((node.Connection!, PollEvents.POLLIN));
        for (var patience = 0; patience < 600 && !poll.Wait(Deadline / 600); patience++)
            for (var i = 0; i < 100; i++) platform.Tap.TryWrite(flood);
        HubProcess.ReadToEnd(node.Connection!).ShouldBe("ended: the node took nothing for 10 s\n");
    }

    [Fact]
    public async Task IdleTunnelLivesOnItsSignsOfLife()
    {
        await MakeImpatient();
        var end = await _hub.Connect('a', version2: true);
        using var node = await KernelNode.Start(end, version2: true);
        await Until(() => node.Pump.Conversation.RoundTrip is not null && _hub.Sessions.Single().RoundTripMilliseconds is > 0);
        node.Pump.Completion.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task WordOfTheDaemonReachesTheNode()
    {
        var end = await _hub.Connect('a', version2: true);
        using var node = await KernelNode.Start(end, version2: true);
        var told = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Pump.Conversation.Told += word => told.TrySetResult(word.Kind);
        await _hub.Logged("version 2 of the tunnel");
        Tell(end.Id).Ok.ShouldBeTrue();
        (await told.Task.WaitAsync(Deadline, Cancellation)).ShouldBe(TunnelControl.SettingsChanged);

        Tell(new string('b', 32)).Error.ShouldBe("tell: the node is not connected");
        using var old = await _hub.Connect('c');
        Tell(old.Id).Error.ShouldBe("tell: the node speaks version 0 of the tunnel, or takes nothing now");
        _hub.Ask(new HubRequest { Operation = HubOperation.Tell, NodeId = end.Id }).Ok.ShouldBeFalse();
    }

    [Fact]
    public async Task NodeIsToldWhyItsTunnelEnds()
    {
        var end = await _hub.Connect('a', version2: true);
        using var node = await KernelNode.Start(end, version2: true);
        await _hub.Logged("version 2 of the tunnel");
        _hub.Ask(new HubRequest { Operation = HubOperation.Disconnect, NodeId = end.Id, Reason = "the certificate was revoked" });
        var why = await node.Pump.Completion.WaitAsync(Deadline, Cancellation);
        why.Reason.ShouldBe("the server ended the tunnel: the certificate was revoked");
    }

    [Fact]
    public async Task WordOfANodeEndsItsTunnel()
    {
        using var node = await Accepted('a');
        node.Stream.Write([5, 0, 0, 17, .. "{\"kind\":\"reboot\"}"u8]);
        HubProcess.ReadToEnd(node.Connection!).ShouldBe("ended: the node said 'reboot', which is the server's to say\n");
    }

    [Fact]
    public async Task ReportOfANodeIsForTheDaemonToTakeOnce()
    {
        using var node = await Accepted('a');
        node.Stream.Write(Report(1));
        node.Stream.Write(Report(2));
        HeardReport? heard = null;
        using var deadline = new CancellationTokenSource(Deadline);
        while (heard?.Report.Number != 2)
        {
            deadline.Token.ThrowIfCancellationRequested();
            foreach (var report in _hub.Ask(new HubRequest { Operation = HubOperation.Hear }).Reports!) heard = report;
        }

        heard!.NodeId.ShouldBe(node.Id);
        heard.Report.Lines.ShouldHaveSingleItem().Text.ShouldBe("line 2");
        _hub.Ask(new HubRequest { Operation = HubOperation.Hear }).Reports!.ShouldBeEmpty();
    }

    [Fact]
    public async Task NodeThatReportsWithoutEndEndsItsTunnelAndCostsTheHubNothing()
    {
        using var node = await Accepted('a');
        using var other = await Accepted('b');
        node.Stream.Write([.. Enumerable.Range(1, 100).SelectMany(Report)]);
        HubProcess.ReadToEnd(node.Connection!).ShouldBe("ended: the node reports more than anybody reads\n");
        _hub.Ask(new HubRequest { Operation = HubOperation.Hear }).Reports!.Count.ShouldBe(1);
        _hub.Sessions.ShouldHaveSingleItem().NodeId.ShouldBe(other.Id);
    }

    private static byte[] Report(int number)
    {
        var json = System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"kind":"report","report":{"boot":"0123456789abcdef0123456789abcdef","number":{{{number}}},"lines":[{"number":{{{number}}},"at":1,"stage":"x","text":"line {{{number}}}"}]}}""");
        return [5, 0, (byte)(json.Length >> 8), (byte)json.Length, .. json];
    }

    private async Task MakeImpatient()
    {
        _hub.Signal("TERM");
        await _hub.WaitForExit();
        _hub.Dispose();
        _hub = await HubProcess.Start(options: ["--dead-after", "3"]);
    }

    // Accepts the hub's offer by hand, and says nothing more.
    private async Task<NodeEnd> Accepted(char digit)
    {
        var node = await _hub.Connect(digit, version2: true);
        node.Stream.Write(Hello);
        await _hub.Logged("version 2 of the tunnel");
        return node;
    }

    private HubAnswer Tell(string nodeId) =>
        _hub.Ask(new HubRequest { Operation = HubOperation.Tell, NodeId = nodeId, Word = new TunnelControl { Kind = TunnelControl.SettingsChanged } });

    private async Task<string> Transfer(KernelNode node, bool toServer)
    {
        var data = new byte[Amount];
        new Random(5).NextBytes(data);
        using var folder = new TemporaryFolder();
        var file = folder.File("data");
        using var bridge = new Rtnetlink();
        var address = IPAddress.Parse(LinkLocal(bridge.FindLink(_hub.BridgeName)!.MacAddress));
        // Whatever the address: the bridge has it only when it knows that nobody else does.
        using var listener = new TcpListener(IPAddress.IPv6Any, 0);
        listener.Start();
        var target = $"TCP6:{KernelNode.Text(address)}:{((IPEndPoint)listener.LocalEndpoint).Port}";
        if (toServer) await File.WriteAllBytesAsync(file, data, Cancellation);
        var client = toServer ? node.Run("socat", "-u", $"FILE:{file}", target) : node.Run("socat", "-u", target, $"CREATE:{file}");
        using (var connection = await listener.AcceptTcpClientAsync(Cancellation).AsTask().WaitAsync(Deadline, Cancellation))
        {
            await using var stream = connection.GetStream();
            if (!toServer) await stream.WriteAsync(data, Cancellation).AsTask().WaitAsync(Deadline, Cancellation);
            else data = await ReadToEnd(stream).WaitAsync(Deadline, Cancellation);
        }

        await client.WaitAsync(Deadline, Cancellation);
        return Convert.ToHexString(SHA256.HashData(toServer ? data : await File.ReadAllBytesAsync(file, Cancellation)));
    }

    private static async Task<byte[]> ReadToEnd(NetworkStream stream)
    {
        using var all = new MemoryStream(Amount);
        await stream.CopyToAsync(all, Cancellation);
        return all.ToArray();
    }

    private static async Task Until(Func<bool> holds)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(Deadline);
        while (!holds()) await Task.Delay(50, deadline.Token);
    }

    private static bool IsLarge(long bytes, long frames) => bytes / frames > TunnelFrame.MaxLength;

    private static (byte[] Header, byte[] Frame) Segment(byte[] mac, string from, string to, int payload) =>
        (Header(1, 4, 74, 1440, 54, 16), Ethernet(PlatformPort.Mac, mac, 0x86DD, Ipv6(6, from, to, Tcp(payload))));

    private static byte[] Header(int flags, int type, int headers, int size, int start, int offset)
    {
        var bytes = new byte[10];
        new VirtioNetHeader((ChecksumState)flags, (Segmentation)type, headers, size, start, offset).Write(bytes);
        return bytes;
    }

    private static byte[] Record(byte[] header, byte[] frame)
    {
        var record = new byte[TunnelRecord.PrefixLength + header.Length + frame.Length];
        var length = header.Length + frame.Length;
        (record[0], record[1], record[2], record[3]) = (2, (byte)(length >> 16), (byte)(length >> 8), (byte)length);
        header.CopyTo(record, 4);
        frame.CopyTo(record, 14);
        return record;
    }

    private static byte[] Tcp(int payload) => [0, 80, 0, 81, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0, .. new byte[payload]];
}
