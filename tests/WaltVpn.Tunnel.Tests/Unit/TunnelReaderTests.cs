using Shouldly;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>docs/protocol.md "Tunnel", version 0; docs/security.md L2-1.</summary>
public sealed class TunnelReaderTests
{
    [Fact]
    public void FramesCutAtAnyTwoPointsAreReassembled()
    {
        byte[][] frames = [Frame(14, 1), Frame(60, 2), Frame(15, 3)];
        byte[] stream = [.. frames.SelectMany(Packets.Record)];
        for (var first = 0; first <= stream.Length; first++)
        {
            for (var second = first; second <= stream.Length; second++)
            {
                var reader = new TunnelReader(new byte[4096]);
                List<byte[]> got = [];
                foreach (var part in new[] { ..first, first..second, second.. }) Feed(reader, stream.AsSpan(part), got).ShouldBe(TunnelStep.NeedMore);
                got.Count.ShouldBe(frames.Length);
                for (var i = 0; i < frames.Length; i++) got[i].AsSpan().SequenceEqual(frames[i]).ShouldBeTrue();
                reader.InsideFrame.ShouldBeFalse();
            }
        }
    }

    [Fact]
    public void EachOfAllLengthsIsAcceptedOrRefusedAtEachSplitPoint()
    {
        var reader = new TunnelReader(new byte[4096]);
        List<byte[]> got = [];
        for (var length = 0; length <= ushort.MaxValue; length++)
        {
            if (length is < TunnelFrame.MinLength or > TunnelFrame.MaxLength)
            {
                // The prefix alone is enough to refuse; nothing of the frame is waited for.
                var refusing = new TunnelReader(new byte[4096]);
                Feed(refusing, [(byte)(length >> 8)], got).ShouldBe(TunnelStep.NeedMore);
                Feed(refusing, [(byte)length], got).ShouldBe(TunnelStep.Refused);
                refusing.Refused.ShouldBe($"a frame of {length} bytes");
                continue;
            }

            var record = Packets.Record(Frame(length, length));
            for (var split = 0; split < record.Length; split++)
            {
                got.Clear();
                Feed(reader, record.AsSpan(0, split), got).ShouldBe(TunnelStep.NeedMore);
                reader.InsideFrame.ShouldBe(split > 0);
                Feed(reader, record.AsSpan(split), got);
                got.Count.ShouldBe(1);
                got[0].AsSpan().SequenceEqual(record.AsSpan(2)).ShouldBeTrue();
            }
        }
    }

    [Fact]
    public void RandomStreamsNeverFailOtherThanByRefusal()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var (frames, refused) = (0, 0);
        List<byte[]> got = [];
        for (var round = 0; round < 100_000; round++)
        {
            var reader = new TunnelReader(new byte[4096]);
            var stream = RandomStream(random);
            var step = TunnelStep.NeedMore;
            got.Clear();
            for (var rest = stream.AsSpan(); !rest.IsEmpty && step != TunnelStep.Refused;)
            {
                var size = Math.Min(rest.Length, random.Next(1, 700));
                step = Feed(reader, rest[..size], got);
                rest = rest[size..];
            }

            (frames, refused) = (frames + got.Count, refused + (step == TunnelStep.Refused ? 1 : 0));
            got.ShouldBe(Expected(stream, out var mustRefuse), $"seed {seed}, round {round}");
            (step == TunnelStep.Refused).ShouldBe(mustRefuse, $"seed {seed}, round {round}");
        }

        frames.ShouldBeGreaterThan(10_000);
        refused.ShouldBeGreaterThan(10_000);
    }

    // Some good records, then one whose length is random (mostly refused), all of it cut at a random point.
    private static byte[] RandomStream(Random random)
    {
        List<byte> bytes = [];
        for (var i = random.Next(4); i > 0; i--) bytes.AddRange(Packets.Record(Frame(random.Next(14, 200), random.Next())));
        bytes.AddRange(Packets.Big16(random.Next(4) == 0 ? random.Next(14, 1519) : random.Next(65536)));
        var tail = new byte[random.Next(300)];
        random.NextBytes(tail);
        bytes.AddRange(tail);
        return [.. bytes.Take(random.Next(1, bytes.Count + 1))];
    }

    // A second reading of the format, written as plainly as it can be.
    private static List<byte[]> Expected(byte[] stream, out bool refused)
    {
        List<byte[]> frames = [];
        refused = false;
        for (var position = 0; position + 2 <= stream.Length;)
        {
            var length = (stream[position] * 256) + stream[position + 1];
            refused = length < 14 || length > 1518;
            if (refused || position + 2 + length > stream.Length) break;
            frames.Add(stream[(position + 2)..(position + 2 + length)]);
            position += 2 + length;
        }

        return frames;
    }

    private static byte[] Frame(int length, int seed)
    {
        var frame = new byte[length];
        for (var i = 0; i < length; i++) frame[i] = (byte)(seed + (i * 7));
        return frame;
    }

    private static TunnelStep Feed(TunnelReader reader, ReadOnlySpan<byte> bytes, List<byte[]> got)
    {
        do
        {
            var size = Math.Min(bytes.Length, reader.Free.Length);
            bytes[..size].CopyTo(reader.Free);
            reader.Received(size);
            bytes = bytes[size..];
            TunnelStep step;
            while ((step = reader.Next(out var frame)) == TunnelStep.Frame) got.Add(frame.ToArray());
            if (step == TunnelStep.Refused) return step;
        }
        while (!bytes.IsEmpty);
        return TunnelStep.NeedMore;
    }
}
