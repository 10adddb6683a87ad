using System.Buffers.Binary;
using WaltVpn.Hub.Dhcp;

namespace WaltVpn.Hub.Rules;

/// <summary>IPv4 (RFC 791) from a node: its own source address, and nothing that only the platform says.</summary>
internal sealed class Ipv4Rules(ulong mac, NodeAddresses addresses)
{
    private const int MinHeader = 20;
    private const int UdpHeader = 8;
    private const byte IcmpRedirect = 5;
    private const byte IcmpRouterAdvertisement = 9;
    private readonly DhcpRules _dhcp = new(mac, addresses);

    public FrameVerdict Judge(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < MinHeader || packet[0] >> 4 != 4) return FrameVerdict.Malformed;
        var header = (packet[0] & 0x0F) * 4;
        var total = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (header < MinHeader || total < header || total > packet.Length) return FrameVerdict.Malformed;
        var fragment = BinaryPrimitives.ReadUInt16BigEndian(packet[6..]);
        var (moreFollow, offset) = ((fragment & 0x2000) != 0, fragment & 0x1FFF);
        var (source, destination) = (BinaryPrimitives.ReadUInt32BigEndian(packet[12..]), BinaryPrimitives.ReadUInt32BigEndian(packet[16..]));
        var payload = packet[header..total];

        if (source != 0 && !addresses.Contains(source)) return FrameVerdict.ForeignIpv4;
        // A later fragment holds no ports; what it belongs to was judged by the first one, which must hold all of its header (RFC 1858).
        if (offset > 0) return source == 0 ? FrameVerdict.ForeignIpv4 : FrameVerdict.Pass;
        return (Protocol)packet[9] switch
        {
            Protocol.Udp when payload.Length < UdpHeader => FrameVerdict.Malformed,
            // Without an address a client asks everybody: RFC 2131, 4.1.
            _ when source == 0 && destination != DhcpRules.Broadcast => FrameVerdict.ForeignIpv4,
            Protocol.Udp when IsToDhcpServer(payload) => moreFollow ? FrameVerdict.ForeignDhcp : _dhcp.Judge(payload, destination),
            // Only a DHCP client may speak without an address.
            _ when source == 0 => FrameVerdict.ForeignIpv4,
            Protocol.Udp => JudgePorts(payload),
            Protocol.Icmp or Protocol.Igmp when payload.IsEmpty => FrameVerdict.Malformed,
            Protocol.Icmp => payload[0] is IcmpRedirect or IcmpRouterAdvertisement ? FrameVerdict.PlatformOnly : FrameVerdict.Pass,
            Protocol.Igmp => IsIgmpOfMember(payload[0]) ? FrameVerdict.Pass : FrameVerdict.PlatformOnly,
            Protocol.Pim => FrameVerdict.PlatformOnly,
            _ => FrameVerdict.Pass,
        };
    }

    private static bool IsToDhcpServer(ReadOnlySpan<byte> udp) =>
        BinaryPrimitives.ReadUInt16BigEndian(udp) == DhcpFrame.ClientPort && BinaryPrimitives.ReadUInt16BigEndian(udp[2..]) == DhcpFrame.ServerPort;

    private static FrameVerdict JudgePorts(ReadOnlySpan<byte> udp)
    {
        var (from, to) = (BinaryPrimitives.ReadUInt16BigEndian(udp), BinaryPrimitives.ReadUInt16BigEndian(udp[2..]));
        if (from == DhcpFrame.ServerPort || to == DhcpFrame.ClientPort) return FrameVerdict.PlatformOnly;
        return to == DhcpFrame.ServerPort ? FrameVerdict.ForeignDhcp : FrameVerdict.Pass;
    }

    // Reports of versions 1 to 3 and leaving. The rest is said by routers: queries, router discovery (RFC 4286), DVMRP, PIM version 1.
    private static bool IsIgmpOfMember(byte type) => type is 0x12 or 0x16 or 0x17 or 0x22;

    private enum Protocol : byte
    {
        Icmp = 1,
        Igmp = 2,
        Udp = 17,
        Pim = 103,
    }
}
