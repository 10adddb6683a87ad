using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Tunnel.Tests;

/// <summary>One end of a tunnel without its stream: frames come from a socket pair that stands for the TAP, bytes are carried by the test.</summary>
internal sealed class TunnelSide : IDisposable
{
    private readonly FileDescriptor _wire;
    private readonly FileDescriptor _tap;

    public TunnelSide(TunnelRole role, bool version2, TimeProvider clock, int deadAfter = 15)
    {
        Role = role;
        (_wire, _tap) = UnixSocket.Pair(SocketKind.Packets);
        _tap.NonBlocking = true;
        Conversation = new TunnelConversation(new TunnelOptions { Role = role, Version2 = version2, DeadAfter = TimeSpan.FromSeconds(deadAfter) }, clock);
        Conversation.Told += word => Words.Add(word.Kind);
    }

    public TunnelRole Role { get; }

    public TunnelConversation Conversation { get; }

    public FrameBatch Batch { get; } = new();

    /// <summary>Frames that came.</summary>
    public List<byte[]> Got { get; } = [];

    /// <summary>Kinds of the words that came.</summary>
    public List<string> Words { get; } = [];

    /// <summary>Frames that this end will send.</summary>
    public void Send(params byte[][] frames)
    {
        foreach (var frame in frames) SendRaw(new byte[TunnelRecord.FrameHeaderLength], frame);
    }

    /// <summary>A frame with a header as the kernel might give it.</summary>
    public void SendRaw(byte[] header, byte[] frame) => _wire.Write([.. header, .. frame]);

    /// <summary>What this end says now.</summary>
    public byte[] Compose()
    {
        Conversation.Compose(Batch);
        if (Conversation.MayAddFrames) Batch.Fill(_tap, Conversation.SendsLargeFrames);
        var bytes = Batch.Unsent.ToArray();
        Batch.Sent(bytes.Length);
        return bytes;
    }

    /// <summary>Hears what the other end said.</summary>
    public TunnelStep Receive(ReadOnlySpan<byte> bytes)
    {
        var step = TunnelStep.NeedMore;
        while (!bytes.IsEmpty && step != TunnelStep.Refused)
        {
            var part = bytes[..Math.Min(bytes.Length, Conversation.Reader.Free.Length)];
            part.CopyTo(Conversation.Reader.Free);
            Conversation.Received(part.Length);
            while ((step = Conversation.Next(out var frame)) == TunnelStep.Frame) Got.Add(frame.ToArray());
            bytes = bytes[part.Length..];
        }

        return step;
    }

    public void Dispose()
    {
        _wire.Dispose();
        _tap.Dispose();
    }
}
