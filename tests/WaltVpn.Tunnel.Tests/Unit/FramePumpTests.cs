using System.Buffers.Binary;
using Shouldly;
using WaltVpn.Linux;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>The node's pump between socket pairs: packets stand for the TAP, streams for ssh.</summary>
/// <remarks><code>
///   wire ══ packets ══ tap │ pump │ stream ══ stream ══ peer
/// </code></remarks>
public sealed class FramePumpTests : IDisposable
{
    // In front of each frame on the wire, as a TAP with headers has it.
    private static readonly byte[] s_plain = new byte[10];
    private readonly FileDescriptor _wire;
    private readonly FileDescriptor _tap;
    private readonly FileDescriptor _peer;
    private readonly FileDescriptor _stream;
    private readonly FramePump _pump;

    public FramePumpTests()
    {
        (_wire, _tap) = UnixSocket.Pair(SocketKind.Packets);
        (_peer, _stream) = UnixSocket.Pair(SocketKind.Stream);
        _pump = FramePump.Prepare(_tap, _stream, _stream).Start();
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _pump.Dispose();
        foreach (var descriptor in (FileDescriptor[])[_wire, _tap, _peer, _stream]) descriptor.Dispose();
    }

    [Fact]
    public void FramesGoBothWays()
    {
        WriteFrame(Frame(60, 1));
        WriteFrame(Frame(1518, 2));
        ReadRecord().ShouldBe(Frame(60, 1));
        ReadRecord().ShouldBe(Frame(1518, 2));
        _peer.Write([.. Packets.Record(Frame(14, 3)), .. Packets.Record(Frame(1500, 4))]);
        ReadFrame().ShouldBe(Frame(14, 3));
        ReadFrame().ShouldBe(Frame(1500, 4));
    }

    [Fact]
    public void OddFrameCostsOneFrame()
    {
        WriteFrame(Frame(13, 1));
        WriteFrame(Frame(1519, 2));
        WriteFrame(Frame(1600, 3));
        WriteFrame(Frame(60, 4));
        ReadRecord().ShouldBe(Frame(60, 4));
    }

    [Fact]
    public async Task EndOfTheStreamIsTheStreamsEnd()
    {
        _peer.Dispose();
        var end = await _pump.Completion.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        end.ShouldBe(new PumpEnd(PumpSide.Stream, "the peer closed the tunnel"));
    }

    [Fact]
    public async Task EndInsideAFrameIsToldApart()
    {
        _peer.Write([0, 60, 1]);
        _peer.Dispose();
        (await _pump.Completion.WaitAsync(TimeSpan.FromSeconds(20), Cancellation)).Reason.ShouldContain("inside a frame");
    }

    [Fact]
    public async Task WrongLengthEndsTheTunnelWithAReason()
    {
        _peer.Write([5, 0xEF]);
        var end = await _pump.Completion.WaitAsync(TimeSpan.FromSeconds(20), Cancellation);
        end.Side.ShouldBe(PumpSide.Stream);
        end.Reason.ShouldContain("1519");
    }

    [Fact]
    public async Task EndOfTheTapIsTheTapsEnd()
    {
        _wire.Dispose();
        (await _pump.Completion.WaitAsync(TimeSpan.FromSeconds(20), Cancellation)).Side.ShouldBe(PumpSide.Tap);
    }

    [Fact]
    public async Task StopEndsBothThreadsWhileThePeerReadsNothing()
    {
        // Nobody reads at the peer: the pump waits for room in the middle of a batch.
        _wire.NonBlocking = true;
        for (var i = 0; i < 400; i++) _wire.TryWrite([.. s_plain, .. Frame(1500, i)]);
        _pump.Dispose();
        (await _pump.Completion).Side.ShouldBe(PumpSide.Stopped);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ThousandFramesAreAllocatedNothing(bool version2)
    {
        _pump.Dispose();
        _tap.NonBlocking = true;
        _peer.NonBlocking = true;
        var node = new TunnelConversation(new TunnelOptions { Role = TunnelRole.Node, Version2 = version2 }, TimeProvider.System);
        var server = new TunnelConversation(new TunnelOptions { Role = TunnelRole.Server, Version2 = version2 }, TimeProvider.System);
        var (batch, answers) = (new FrameBatch(), new FrameBatch());
        byte[] frame = [.. s_plain, .. Frame(200, 1)];
        for (var i = 0; i < 5; i++)
        {
            Cycle((node, batch), (server, answers), frame, frames: 0);
            Cycle((server, answers), (node, batch), frame, frames: 0);
        }

        (node.Version, server.Version).ShouldBe(version2 ? (2, 2) : (0, 0));
        Cycle((node, batch), (server, answers), frame, frames: 10);

        Allocation.Of(() =>
        {
            for (var i = 0; i < 100; i++) Cycle((node, batch), (server, answers), frame, frames: 10);
        }).ShouldBe(0);
    }

    // From wire to TAP end, one batch, one write, and out of the stream again.
    private void Cycle(
        (TunnelConversation Conversation, FrameBatch Batch) from, (TunnelConversation Conversation, FrameBatch Batch) to, byte[] frame, int frames)
    {
        for (var i = 0; i < frames; i++) _wire.Write(frame);
        from.Conversation.Compose(from.Batch);
        if (frames > 0 && (from.Batch.Fill(_tap, from.Conversation.SendsLargeFrames) is not null || from.Batch.Frames != frames))
            throw new InvalidOperationException("the frames were not read");
        while (!from.Batch.Unsent.IsEmpty) from.Batch.Sent(_stream.TryWrite(from.Batch.Unsent).Count);
        for (var got = 0; ;)
        {
            var read = _peer.TryRead(to.Conversation.Reader.Free);
            if (!read.WouldBlock) to.Conversation.Received(read.Count);
            TunnelStep step;
            while ((step = to.Conversation.Next(out _)) == TunnelStep.Frame) got++;
            if (step == TunnelStep.Refused) throw new InvalidOperationException(to.Conversation.Reason);
            if (got >= frames) return;
        }
    }

    private static byte[] Frame(int length, int seed)
    {
        var frame = new byte[length];
        for (var i = 0; i < length; i++) frame[i] = (byte)(seed + i);
        return frame;
    }

    private byte[] ReadRecord()
    {
        var prefix = ReadExactly(2);
        return ReadExactly(BinaryPrimitives.ReadUInt16BigEndian(prefix));
    }

    private byte[] ReadExactly(int length)
    {
        var bytes = new byte[length];
        for (var done = 0; done < length;)
        {
            using var poll = new Poll((_peer, PollEvents.POLLIN));
            poll.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue("nothing came");
            done += _peer.Read(bytes.AsSpan(done));
        }

        return bytes;
    }

    private byte[] ReadFrame()
    {
        using var poll = new Poll((_wire, PollEvents.POLLIN));
        poll.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue("nothing came");
        var buffer = new byte[2000];
        var length = _wire.Read(buffer);
        buffer[..10].ShouldBe(s_plain);
        return buffer[10..length];
    }

    private void WriteFrame(byte[] frame) => _wire.Write([.. s_plain, .. frame]);
}
