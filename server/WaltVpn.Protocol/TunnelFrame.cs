using System.Buffers.Binary;

namespace WaltVpn.Protocol;

/// <summary>Version 0 of the tunnel's framing, WalT's: a big-endian 16-bit length, then one Ethernet frame without FCS.</summary>
/// <remarks>docs/protocol.md "Tunnel".</remarks>
public static class TunnelFrame
{
    /// <summary>Bytes of the length in front of each frame.</summary>
    public const int PrefixLength = 2;

    /// <summary>Ethernet header without FCS (IEEE 802.3): destination, source, EtherType.</summary>
    public const int MinLength = 14;

    /// <summary>MTU of the tunnel's interfaces, bytes.</summary>
    public const int Mtu = 1500;

    /// <summary>Longest frame either end accepts: MTU, Ethernet header and one VLAN tag.</summary>
    public const int MaxLength = Mtu + MinLength + 4;

    /// <summary>Writes the length prefix of one Ethernet frame.</summary>
    /// <param name="destination">At least <see cref="PrefixLength"/> bytes.</param>
    /// <param name="length">Bytes, <see cref="MinLength"/>..<see cref="MaxLength"/>, prefix not counted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is outside that range.</exception>
    public static void WritePrefix(Span<byte> destination, int length)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, MinLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength);
        BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)length);
    }

    /// <summary>Reads the length prefix of one frame.</summary>
    /// <param name="source">At least <see cref="PrefixLength"/> bytes.</param>
    /// <param name="length">The frame's length, also when it is refused, for the reason's text.</param>
    /// <returns>False when no frame can have that length: the stream is not, or no longer, a tunnel and must end.</returns>
    public static bool TryReadPrefix(ReadOnlySpan<byte> source, out int length)
    {
        length = BinaryPrimitives.ReadUInt16BigEndian(source);
        return length is >= MinLength and <= MaxLength;
    }
}
