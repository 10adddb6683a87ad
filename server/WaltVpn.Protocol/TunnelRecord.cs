using System.Buffers.Binary;

namespace WaltVpn.Protocol;

/// <summary>Version 2 of the tunnel's framing: a type, a big-endian 24-bit length, then that many bytes.</summary>
/// <remarks>docs/protocol.md "Version 2".</remarks>
public static class TunnelRecord
{
    /// <summary>Bytes of type and length in front of each record.</summary>
    public const int PrefixLength = 4;

    /// <summary>Two zero bytes, no length of version 0, in front of each hello.</summary>
    public const int MarkerLength = 2;

    /// <summary>Bytes of the virtio-net header in front of each frame (virtio 1.2, 5.1.6, without the number of buffers).</summary>
    public const int FrameHeaderLength = 10;

    /// <summary>Longest frame: the largest IP packet behind an Ethernet header. Above <see cref="TunnelFrame.MaxLength"/> it is a segment to be cut.</summary>
    public const int MaxFrameLength = TunnelFrame.MinLength + ushort.MaxValue;

    /// <summary>Bytes of a ping, which the pong brings back.</summary>
    public const int PingLength = 8;

    /// <summary>Longest control record, bytes of JSON.</summary>
    public const int MaxControlLength = 64 * 1024;

    /// <summary>Longest reason of a close, bytes of UTF-8.</summary>
    public const int MaxCloseLength = 512;

    /// <summary>Longest record of all, its prefix included.</summary>
    public const int MaxTotal = PrefixLength + FrameHeaderLength + MaxFrameLength;

    /// <summary>Lengths that a record of this type may have; of an unknown type, none.</summary>
    public static (int Min, int Max) Lengths(TunnelRecordType type) => type switch
    {
        TunnelRecordType.Hello => (TunnelHello.MinLength, TunnelHello.MaxLength),
        TunnelRecordType.Frame => (FrameHeaderLength + TunnelFrame.MinLength, FrameHeaderLength + MaxFrameLength),
        TunnelRecordType.Ping or TunnelRecordType.Pong => (PingLength, PingLength),
        TunnelRecordType.Control => (2, MaxControlLength),
        TunnelRecordType.Close => (0, MaxCloseLength),
        _ => (1, 0),
    };

    /// <summary>Writes what stands in front of a record.</summary>
    /// <param name="destination">At least <see cref="PrefixLength"/> bytes.</param>
    /// <param name="type">What the record is.</param>
    /// <param name="length">Its bytes, prefix not counted.</param>
    /// <exception cref="ArgumentOutOfRangeException">No record of that type has that length.</exception>
    public static void WritePrefix(Span<byte> destination, TunnelRecordType type, int length)
    {
        var (min, max) = Lengths(type);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, min);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, max);
        BinaryPrimitives.WriteUInt32BigEndian(destination, ((uint)type << 24) | (uint)length);
    }

    /// <summary>Reads what stands in front of a record.</summary>
    /// <param name="source">At least <see cref="PrefixLength"/> bytes.</param>
    /// <param name="type">What the record says it is, also when it is refused, for the reason's text.</param>
    /// <param name="length">How long it says it is.</param>
    /// <returns>False when there is no such record: the stream must end.</returns>
    public static bool TryReadPrefix(ReadOnlySpan<byte> source, out TunnelRecordType type, out int length)
    {
        var prefix = BinaryPrimitives.ReadUInt32BigEndian(source);
        (type, length) = ((TunnelRecordType)(prefix >> 24), (int)(prefix & 0xFF_FFFF));
        var (min, max) = Lengths(type);
        return length >= min && length <= max;
    }
}

/// <summary>Types of records.</summary>
public enum TunnelRecordType : byte
{
    /// <summary>What this end speaks, <see cref="TunnelHello"/>; behind a marker only.</summary>
    Hello = 1,

    /// <summary>A virtio-net header, then an Ethernet frame without FCS.</summary>
    Frame = 2,

    /// <summary>Asks for a pong with the same bytes.</summary>
    Ping = 3,

    /// <summary>Answers a ping.</summary>
    Pong = 4,

    /// <summary>JSON, <see cref="TunnelControl"/>.</summary>
    Control = 5,

    /// <summary>Nothing follows; why, in UTF-8.</summary>
    Close = 6,
}
