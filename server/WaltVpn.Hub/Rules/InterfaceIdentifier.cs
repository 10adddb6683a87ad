using System.Buffers.Binary;

namespace WaltVpn.Hub.Rules;

/// <summary>The lower half of a node's IPv6 addresses: the modified EUI-64 of its VPN MAC (RFC 4291 appendix A).</summary>
internal readonly record struct InterfaceIdentifier(ulong Bits)
{
    /// <summary>FF:FE in the middle, the universal/local bit turned over.</summary>
    public static InterfaceIdentifier Of(ulong mac) => new((((mac >> 24) << 40) | 0xFF_FE00_0000 | (mac & 0xFF_FFFF)) ^ 0x0200_0000_0000_0000);

    /// <summary>Is this the node's address? Any prefix, but no group.</summary>
    /// <param name="address">16 bytes.</param>
    public bool Names(ReadOnlySpan<byte> address) => address[0] != 0xFF && BinaryPrimitives.ReadUInt64BigEndian(address[8..]) == Bits;
}
