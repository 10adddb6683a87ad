using Shouldly;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Tunnel.Tests.Namespaces;

/// <summary>The node's side of a tunnel to a hub under test: frames in and out of its stream.</summary>
internal sealed class NodeEnd : IDisposable
{
    private readonly TunnelReader _reader = new();

    /// <param name="digit">Hexadecimal; makes id and MAC.</param>
    public NodeEnd(char digit)
    {
        Id = new string(digit, TicketLength);
        Mac = MacAddress.Parse($"52:54:00:00:00:0{digit}");
        (Stream, FarStream) = UnixSocket.Pair(SocketKind.Stream);
    }

    public const int TicketLength = 32;

    public string Id { get; }

    public MacAddress Mac { get; }

    public byte[] MacBytes => Packets.Bytes(Mac);

    public FileDescriptor Stream { get; }

    /// <summary>What the hub gets.</summary>
    public FileDescriptor FarStream { get; }

    /// <summary>Stands for the forced command.</summary>
    public FileDescriptor? Connection { get; set; }

    public void Send(params byte[][] frames)
    {
        foreach (var frame in frames) Stream.Write(Packets.Record(frame));
    }

    /// <summary>The next frame for which this is true; the ones before are handed out too.</summary>
    public List<byte[]> ReceiveUntil(Func<byte[], bool> last)
    {
        List<byte[]> frames = [];
        using var poll = new Poll((Stream, PollEvents.POLLIN));
        while (true)
        {
            while (_reader.Next(out var frame) == TunnelStep.Frame)
            {
                frames.Add(frame.ToArray());
                if (last(frames[^1])) return frames;
            }

            poll.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue("the frame never came");
            var count = Stream.Read(_reader.Free);
            count.ShouldBeGreaterThan(0, "the tunnel ended");
            _reader.Received(count);
        }
    }

    /// <summary>Reads what the bridge still sent, until the stream ends.</summary>
    public void ReceiveTheEnd()
    {
        var buffer = new byte[4096];
        using var poll = new Poll((Stream, PollEvents.POLLIN));
        Transfer read;
        do
        {
            poll.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue("the tunnel did not end");
            read = Stream.TryRead(buffer);
        }
        while (read.Count > 0);
        // A hub that was killed, or closed with frames of ours unread, resets.
        (read.Succeeded || read.Error is Errno.ECONNRESET).ShouldBeTrue();
    }

    public void Dispose()
    {
        Stream.Dispose();
        FarStream.Dispose();
        Connection?.Dispose();
    }
}
