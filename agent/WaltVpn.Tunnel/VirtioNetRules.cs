using System.Buffers.Binary;
using WaltVpn.Protocol;

namespace WaltVpn.Tunnel;

/// <summary>
/// Is a virtio-net header of the other side true of its frame? (docs/security.md L2-9.) Before the kernel sees it: what it says of checksums makes the kernel
/// write into the frame, after all filters, so it may name the transport's own checksum and nothing else. Pure: bytes in, verdict out.
/// </summary>
public static class VirtioNetRules
{
    private const int Ethernet = TunnelFrame.MinLength;
    private const int MinIpv4Header = 20;
    private const int Ipv6Header = 40;
    private const int MinTcpHeader = 20;
    private const int MaxExtensionHeaders = 8;
    // What Linux itself takes as the least (TCP_MIN_SND_MSS): smaller ones only make a flood of packets out of one frame.
    private const int MinSegmentSize = 48;

    /// <summary>Judges a header.</summary>
    /// <param name="header">As it came.</param>
    /// <param name="frame">Ethernet without FCS, 14..<see cref="TunnelRecord.MaxFrameLength"/> bytes.</param>
    public static bool Allow(VirtioNetHeader header, ReadOnlySpan<byte> frame) => header.Segmentation switch
    {
        Segmentation.None => frame.Length <= TunnelFrame.MaxLength && AllowChecksum(header, frame),
        Segmentation.Tcp4 or Segmentation.Tcp4Ecn => AllowSegments(header, frame, version: 4),
        Segmentation.Tcp6 or Segmentation.Tcp6Ecn => AllowSegments(header, frame, version: 6),
        _ => false,
    };

    private static bool AllowChecksum(VirtioNetHeader header, ReadOnlySpan<byte> frame) => header.Flags switch
    {
        ChecksumState.Unsaid or ChecksumState.Valid => true,
        ChecksumState.Needed => FindTransport(frame) is { } transport && IsItsChecksum(header, frame, transport),
        _ => false,
    };

    private static bool AllowSegments(VirtioNetHeader header, ReadOnlySpan<byte> frame, int version)
    {
        if (header.Flags != ChecksumState.Needed || FindTransport(frame) is not { Protocol: Transport.Tcp } tcp || tcp.IpVersion != version) return false;
        // All of it is the one packet: no trailer that segments would not have.
        if (!IsItsChecksum(header, frame, tcp) || tcp.End != frame.Length) return false;
        var headers = tcp.Start + ((frame[tcp.Start + 12] >> 4) * 4);
        return headers >= tcp.Start + MinTcpHeader && headers <= frame.Length && header.HeaderLength == headers
            && header.SegmentSize >= MinSegmentSize && headers + header.SegmentSize <= Ethernet + TunnelFrame.Mtu;
    }

    private static bool IsItsChecksum(VirtioNetHeader header, ReadOnlySpan<byte> frame, TransportPlace transport)
    {
        var (offset, shortest) = transport.Protocol == Transport.Tcp ? (16, MinTcpHeader) : (6, 8);
        return header.ChecksumStart == transport.Start && header.ChecksumOffset == offset && transport.Start + shortest <= transport.End
            && transport.End <= frame.Length;
    }

    // Null: neither TCP nor UDP whole in one IP packet.
    private static TransportPlace? FindTransport(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) switch
    {
        0x0800 => InIpv4(frame[Ethernet..]),
        0x86DD => InIpv6(frame[Ethernet..]),
        _ => null,
    };

    private static TransportPlace? InIpv4(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < MinIpv4Header || packet[0] >> 4 != 4) return null;
        var header = (packet[0] & 0x0F) * 4;
        var total = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        var isFragment = (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
        if (header < MinIpv4Header || total < header || total > packet.Length || isFragment) return null;
        return Place(packet[9], 4, header, total);
    }

    private static TransportPlace? InIpv6(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < Ipv6Header || packet[0] >> 4 != 6) return null;
        var end = Ipv6Header + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        if (end > packet.Length) return null;
        var (next, start) = (packet[6], Ipv6Header);
        // Hop-by-hop, routing and destination options; a fragment's checksum is made before it is one.
        for (var headers = 0; next is 0 or 43 or 60; headers++)
        {
            if (headers == MaxExtensionHeaders || start + 8 > end) return null;
            (next, start) = (packet[start], start + ((packet[start + 1] + 1) * 8));
            if (start > end) return null;
        }

        return Place(next, 6, start, end);
    }

    private static TransportPlace? Place(byte protocol, int ipVersion, int start, int end) =>
        (Transport)protocol is Transport.Tcp or Transport.Udp ? new TransportPlace((Transport)protocol, ipVersion, Ethernet + start, Ethernet + end) : null;

    private enum Transport : byte
    {
        Tcp = 6,
        Udp = 17,
    }

    // Bytes from the start of the frame; the end is IP's, the frame may be padded behind it.
    private readonly record struct TransportPlace(Transport Protocol, int IpVersion, int Start, int End);
}
