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
    private readonly FileDescriptor _wire;
    private readonly FileDescriptor _tap;
    private readonly FileDescriptor _peer;
    private readonly FileDescriptor _stream;
    private readonly FramePump _pump;

    public FramePumpTests()
    {
        (_wire, _tap) = UnixSocket.Pair(SocketKind.Packets);
        (_peer, _stream) = UnixSocket.Pair(SocketKind.Stream);
        _pump = FramePump.Start(_tap, _stream, _stream);
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
        _wire.Write(Frame(60, 1));
        _wire.Write(Frame(1518, 2));
        ReadRecord().ShouldBe(Frame(60, 1));
        ReadRecord().ShouldBe(Frame(1518, 2));
        _peer.Write([.. Packets.Record(Frame(14, 3)), .. Packets.Record(Frame(1500, 4))]);
        ReadFrame().ShouldBe(Frame(14, 3));
        ReadFrame().ShouldBe(Frame(1500, 4));
    }

    [Fact]
    public void OddFrameCostsOneFrame()
    {
        _wire.Write(Frame(13, 1));
        _wire.Write(Frame(1519, 2));
        _wire.Write(Frame(1600, 3));
        _wire.Write(Frame(60, 4));
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
        for (var i = 0; i < 400; i++) _wire.TryWrite(Frame(1500, i));
        _pump.Dispose();
        (await _pump.Completion).Side.ShouldBe(PumpSide.Stopped);
    }

    [Fact]
    public void ThousandFramesAreAllocatedNothing()
    {
        var reader = new FrameReader();
        var batch = new FrameBatch();
        _pump.Dispose();
        _tap.NonBlocking = true;
        _peer.NonBlocking = true;
        var frame = Frame(200, 1);
        Cycle(batch, reader, frame);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) Cycle(batch, reader, frame);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    // Ten frames: wire to TAP end, one batch, one write, and out of the stream again.
    private void Cycle(FrameBatch batch, FrameReader reader, byte[] frame)
    {
        for (var i = 0; i < 10; i++) _wire.Write(frame);
        if (batch.Fill(_tap) is not null || batch.Frames != 10) throw new InvalidOperationException("ten frames were not read");
        while (!batch.Unsent.IsEmpty) batch.Sent(_stream.TryWrite(batch.Unsent).Count);
        var frames = 0;
        while (frames < 10)
        {
            reader.Received(_peer.TryRead(reader.Free).Count);
            while (reader.Next(out _) == FrameStep.Frame) frames++;
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
        return buffer[.._wire.Read(buffer)];
    }
}
