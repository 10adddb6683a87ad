using System.Buffers.Binary;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Rules;

/// <summary>Binds what a node sends to its identity: docs/protocol.md "Address rules" (docs/security.md L2-5, L2-6). Pure: bytes in, verdict out.</summary>
/// <remarks>Ethernet here; each protocol in a file of its own. What cannot be read whole is dropped, never guessed.</remarks>
internal sealed class AddressRules
{
    private const int HeaderLength = 14;
    private readonly ulong _mac;
    private readonly ArpRules _arp;
    private readonly Ipv4Rules _ipv4;
    private readonly Ipv6Rules _ipv6;

    /// <param name="vpnMac">The only station the node may be.</param>
    /// <param name="addresses">Its IPv4 addresses; may grow and shrink meanwhile.</param>
    public AddressRules(MacAddress vpnMac, NodeAddresses addresses)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        vpnMac.CopyTo(bytes[2..]);
        _mac = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _arp = new ArpRules(_mac, addresses);
        _ipv4 = new Ipv4Rules(_mac, addresses);
        _ipv6 = new Ipv6Rules(_mac);
    }

    /// <summary>Judges a frame from the node.</summary>
    /// <param name="frame">Ethernet without FCS, any length.</param>
    public FrameVerdict FromNode(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < HeaderLength) return FrameVerdict.Malformed;
        if (Mac(frame[6..]) != _mac) return FrameVerdict.ForeignMac;
        if (IsBridgeGroup(frame)) return FrameVerdict.BridgeControl;
        var type = BinaryPrimitives.ReadUInt16BigEndian(frame[12..]);
        var payload = frame[HeaderLength..];
        return (EtherType)type switch
        {
            EtherType.Arp => _arp.Judge(payload),
            EtherType.Ipv4 => _ipv4.Judge(payload),
            EtherType.Ipv6 => _ipv6.Judge(payload),
            // Tags among them: what one carries would be judged as if it were for this network.
            _ => FrameVerdict.UnlistedType,
        };
    }

    /// <summary>Carries a VLAN tag (IEEE 802.1Q; 0x9100 as before 802.1ad): another network than the node's.</summary>
    /// <param name="frame">Ethernet without FCS, at least its header.</param>
    public static bool IsTagged(ReadOnlySpan<byte> frame) =>
        (EtherType)BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) is EtherType.CustomerTag or EtherType.ProviderTag or EtherType.OldProviderTag;

    /// <summary>Reads six bytes as a number.</summary>
    public static ulong Mac(ReadOnlySpan<byte> bytes) =>
        ((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]);

    // 01:80:C2:00:00:00 to 0F, IEEE 802.1D table 7-10: what bridges say to each other.
    private static bool IsBridgeGroup(ReadOnlySpan<byte> frame) => Mac(frame) is >= 0x0180_C200_0000 and <= 0x0180_C200_000F;

    private enum EtherType : ushort
    {
        Ipv4 = 0x0800,
        Arp = 0x0806,
        CustomerTag = 0x8100,
        Ipv6 = 0x86DD,
        ProviderTag = 0x88A8,
        OldProviderTag = 0x9100,
    }
}
