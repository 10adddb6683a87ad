using System.Buffers.Binary;

namespace WaltVpn.Hub.Rules;

/// <summary>IPv6 (RFC 8200) from a node: its own interface identifier, and nothing that only the platform says, also behind extension headers.</summary>
internal sealed class Ipv6Rules(ulong mac)
{
    private const int HeaderLength = 40;
    private const int MaxExtensionHeaders = 8;
    private const ushort DhcpClientPort = 546;
    private const ushort DhcpServerPort = 547;
    private const byte MulticastListenerQuery = 130;
    private readonly InterfaceIdentifier _own = InterfaceIdentifier.Of(mac);
    private readonly NeighbourRules _neighbours = new(mac);

    public FrameVerdict Judge(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < HeaderLength || packet[0] >> 4 != 6) return FrameVerdict.Malformed;
        var length = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        if (packet.Length < HeaderLength + length) return FrameVerdict.Malformed;
        var source = packet.Slice(8, 16);
        var unspecified = !source.ContainsAnyExcept((byte)0);
        if (!unspecified && !_own.Names(source)) return FrameVerdict.ForeignIpv6;
        return JudgePayload(packet[6], packet.Slice(HeaderLength, length), unspecified);
    }

    private FrameVerdict JudgePayload(byte next, ReadOnlySpan<byte> rest, bool unspecified)
    {
        var fragmented = false;
        for (var headers = 0; headers <= MaxExtensionHeaders; headers++)
        {
            switch ((NextHeader)next)
            {
                case NextHeader.Icmpv6:
                    return JudgeIcmp(rest, unspecified, fragmented);
                // Only neighbour discovery and membership of groups come before an address.
                case not (NextHeader.HopByHop or NextHeader.Fragment) when unspecified:
                    return FrameVerdict.ForeignIpv6;
                case NextHeader.Udp:
                    return JudgeUdp(rest);
                case NextHeader.Pim:
                    return FrameVerdict.PlatformOnly;
                case NextHeader.Fragment:
                    if (rest.Length < 8) return FrameVerdict.Malformed;
                    // A later fragment: the first one had to hold the whole chain of headers (RFC 7112) and was judged by it.
                    if ((BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) & 0xFFF8) != 0) return unspecified ? FrameVerdict.ForeignIpv6 : FrameVerdict.Pass;
                    fragmented = true;
                    next = rest[0];
                    rest = rest[8..];
                    break;
                case NextHeader.HopByHop or NextHeader.Routing or NextHeader.DestinationOptions or NextHeader.Authentication:
                    if (rest.Length < 8) return FrameVerdict.Malformed;
                    // In units of 8 bytes after the first 8; the authentication header counts units of 4, less 2 (RFC 4302).
                    var size = (NextHeader)next == NextHeader.Authentication ? (rest[1] + 2) * 4 : (rest[1] + 1) * 8;
                    if (rest.Length < size) return FrameVerdict.Malformed;
                    next = rest[0];
                    rest = rest[size..];
                    break;
                default:
                    // TCP, no next header, and what hosts must understand end to end: nothing in it concerns the link.
                    return FrameVerdict.Pass;
            }
        }

        return FrameVerdict.Malformed;
    }

    private static FrameVerdict JudgeUdp(ReadOnlySpan<byte> datagram)
    {
        if (datagram.Length < 8) return FrameVerdict.Malformed;
        var (from, to) = (BinaryPrimitives.ReadUInt16BigEndian(datagram), BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]));
        return from == DhcpServerPort || to == DhcpClientPort ? FrameVerdict.PlatformOnly : FrameVerdict.Pass;
    }

    private FrameVerdict JudgeIcmp(ReadOnlySpan<byte> message, bool unspecified, bool fragmented)
    {
        if (message.Length < 4) return FrameVerdict.Malformed;
        // 151 to 153: multicast router discovery (RFC 4286).
        if (message[0] is MulticastListenerQuery or >= 151 and <= 153) return FrameVerdict.PlatformOnly;
        if (unspecified && !NeighbourRules.IsNeighbourDiscovery(message[0]) && !IsMembership(message[0])) return FrameVerdict.ForeignIpv6;
        var verdict = _neighbours.Judge(message, unspecified);
        // Neighbour discovery in fragments is forbidden (RFC 6980): it could hide the options that are checked.
        return verdict == FrameVerdict.Pass && fragmented && NeighbourRules.IsNeighbourDiscovery(message[0]) ? FrameVerdict.Malformed : verdict;
    }

    // Reports and leaving of MLD 1 and 2: RFC 2710, RFC 3810.
    private static bool IsMembership(byte type) => type is 131 or 132 or 143;

    private enum NextHeader : byte
    {
        HopByHop = 0,
        Udp = 17,
        Routing = 43,
        Fragment = 44,
        Authentication = 51,
        Icmpv6 = 58,
        DestinationOptions = 60,
        Pim = 103,
    }
}
