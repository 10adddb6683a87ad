using System.Buffers.Binary;
using WaltVpn.Hub.Rules;

namespace WaltVpn.Hub.Dhcp;

/// <summary>One DHCP message (RFC 2131, figure 1): its fixed part. Addresses are numbers in network order read big-endian, 0: none.</summary>
internal readonly ref struct DhcpMessage
{
    private const int FixedPart = 236;
    private const uint MagicCookie = 0x63825363;
    private readonly ReadOnlySpan<byte> _bytes;

    private DhcpMessage(ReadOnlySpan<byte> bytes, DhcpOptions options)
    {
        _bytes = bytes;
        Options = options;
    }

    /// <summary>op 1: a client speaks; 2: a server.</summary>
    public byte Operation => _bytes[0];

    /// <summary>xid: the client's number of this conversation.</summary>
    public uint Transaction => BinaryPrimitives.ReadUInt32BigEndian(_bytes[4..]);

    /// <summary>ciaddr: what the client says it has.</summary>
    public uint ClientAddress => BinaryPrimitives.ReadUInt32BigEndian(_bytes[12..]);

    /// <summary>yiaddr: what the server gives.</summary>
    public uint YourAddress => BinaryPrimitives.ReadUInt32BigEndian(_bytes[16..]);

    /// <summary>giaddr: the relay to answer to.</summary>
    public uint RelayAddress => BinaryPrimitives.ReadUInt32BigEndian(_bytes[24..]);

    /// <summary>chaddr: the client's hardware address.</summary>
    public ulong ClientMac => AddressRules.Mac(_bytes[28..]);

    /// <summary>What follows the fixed part.</summary>
    public DhcpOptions Options { get; }

    /// <summary>Reads a message that is whole: for Ethernet, with magic cookie and a well-formed list of options.</summary>
    /// <param name="bytes">What UDP carries.</param>
    /// <param name="message">The message.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out DhcpMessage message)
    {
        message = default;
        if (bytes.Length < FixedPart + sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(bytes[FixedPart..]) != MagicCookie) return false;
        // htype 1, hlen 6.
        if (bytes[1] != 1 || bytes[2] != 6 || !DhcpOptions.TryRead(bytes[(FixedPart + sizeof(uint))..], out var options)) return false;
        message = new DhcpMessage(bytes, options);
        return true;
    }
}
