using Shouldly;
using WaltVpn.Hub.Dhcp;
using WaltVpn.Hub.Rules;
using WaltVpn.Protocol;
using Xunit;
using static WaltVpn.Tunnel.Tests.Packets;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>docs/protocol.md "Address rules": every kind of frame from a node, and what becomes of it (docs/security.md L2-5, L2-6).</summary>
public sealed class AddressRulesTests
{
    private const string Own4 = "192.168.152.7";
    private const string Other4 = "192.168.152.8";
    private const string Server4 = "192.168.152.1";
    private const string Own6 = "fe80::5054:ff:fe12:3456";
    private const string OwnGlobal6 = "2001:db8::5054:ff:fe12:3456";
    private const string Other6 = "fe80::5054:ff:fe12:3457";
    private const string AllNodes6 = "ff02::1";
    private static readonly byte[] Own = [0x52, 0x54, 0x00, 0x12, 0x34, 0x56];
    private static readonly byte[] Other = [0x52, 0x54, 0x00, 0x12, 0x34, 0x57];
    private static readonly byte[] Zero = new byte[6];
    private static readonly byte[] Server = [0x02, 0, 0, 0, 0, 1];
    private static readonly byte[] Data = new byte[32];

    // Every kind of frame once: name, verdict, frame.
    private static readonly (string Name, FrameVerdict Verdict, byte[] Frame)[] Cases =
    [
        ("ARP request at its own address", FrameVerdict.Pass, Arped(Arp(1, Own, Own4, Zero, Server4))),
        ("ARP probe", FrameVerdict.Pass, Arped(Arp(1, Own, "0.0.0.0", Zero, Own4))),
        ("ARP reply at its own address", FrameVerdict.Pass, Arped(Arp(2, Own, Own4, Server, Server4))),
        ("ARP for another address", FrameVerdict.ForeignArp, Arped(Arp(1, Own, Other4, Zero, Server4))),
        ("gratuitous ARP for the server's address", FrameVerdict.ForeignArp, Arped(Arp(2, Own, Server4, Broadcast, Server4))),
        ("ARP with another sender inside", FrameVerdict.ForeignArp, Arped(Arp(1, Other, Own4, Zero, Server4))),
        ("ARP operation 3 (reverse ARP)", FrameVerdict.Malformed, Arped(Arp(3, Own, Own4, Own, "0.0.0.0"))),
        ("ARP for another protocol", FrameVerdict.Malformed, Arped([0, 1, 0x86, 0xDD, 6, 4, .. Arp(1, Own, Own4, Zero, Server4)[6..]])),
        ("ARP for another hardware", FrameVerdict.Malformed, Arped([0, 6, .. Arp(1, Own, Own4, Zero, Server4)[2..]])),
        ("ARP probe for another's address", FrameVerdict.ForeignArp, Arped(Arp(1, Own, "0.0.0.0", Zero, Other4))),
        ("ARP probe for the server's address", FrameVerdict.ForeignArp, Arped(Arp(1, Own, "0.0.0.0", Zero, Server4))),
        ("ARP probe for no address", FrameVerdict.ForeignArp, Arped(Arp(1, Own, "0.0.0.0", Zero, "0.0.0.0"))),
        ("ARP reply from no address", FrameVerdict.ForeignArp, Arped(Arp(2, Own, "0.0.0.0", Zero, Own4))),

        ("another source MAC", FrameVerdict.ForeignMac, From(Other, 0x0800, Ipv4(17, Own4, Server4, Udp(1000, 2000, Data)))),
        ("a group as source MAC", FrameVerdict.ForeignMac, From([0x53, .. Own[1..]], 0x0800, Ipv4(17, Own4, Server4, Udp(1000, 2000, Data)))),
        ("STP", FrameVerdict.BridgeControl, Ethernet([0x01, 0x80, 0xC2, 0, 0, 0], Own, 38, [0x42, 0x42, 3, .. Data])),
        ("PAUSE", FrameVerdict.BridgeControl, Ethernet([0x01, 0x80, 0xC2, 0, 0, 1], Own, 0x8808, Data)),
        ("LLDP", FrameVerdict.BridgeControl, Ethernet([0x01, 0x80, 0xC2, 0, 0, 0x0E], Own, 0x88CC, Data)),
        ("PAUSE to the server", FrameVerdict.UnlistedType, From(Own, 0x8808, Data)),
        ("LLC, so also STP to another group", FrameVerdict.UnlistedType, From(Own, 38, [0x42, 0x42, 3, .. Data])),
        ("PPPoE", FrameVerdict.UnlistedType, From(Own, 0x8863, Data)),
        ("VLAN tag around its own IPv4", FrameVerdict.UnlistedType, From(Own, 0x8100, Tagged(5, 0x0800, Ipv4(17, Own4, Server4, Udp(1000, 2000, Data))))),
        ("priority tag around its own IPv4", FrameVerdict.UnlistedType,
            From(Own, 0x8100, Tagged(0xE000, 0x0800, Ipv4(17, Own4, Server4, Udp(1000, 2000, Data))))),
        ("VLAN tag around its own ARP", FrameVerdict.UnlistedType, From(Own, 0x8100, Tagged(5, 0x0806, Arp(1, Own, Own4, Zero, Server4)))),
        ("nested VLAN tags", FrameVerdict.UnlistedType, From(Own, 0x8100, Tagged(5, 0x8100, Tagged(6, 0x0800, Data)))),
        ("provider VLAN tag", FrameVerdict.UnlistedType, From(Own, 0x88A8, Tagged(5, 0x0800, Ipv4(17, Own4, Server4, Udp(1000, 2000, Data))))),
        ("old provider VLAN tag", FrameVerdict.UnlistedType, From(Own, 0x9100, Tagged(5, 0x0800, Ipv4(17, Own4, Server4, Udp(1000, 2000, Data))))),
        ("VLAN tag cut off", FrameVerdict.UnlistedType, From(Own, 0x8100, [0, 5, 8])),

        ("UDP from its own address", FrameVerdict.Pass, V4(Ipv4(17, Own4, Server4, Udp(1000, 2000, Data)))),
        ("ping from its own address", FrameVerdict.Pass, V4(Ipv4(1, Own4, Server4, [8, 0, .. Data]))),
        ("TCP from its own address", FrameVerdict.Pass, V4(Ipv4(6, Own4, Server4, Data))),
        ("UDP from another address", FrameVerdict.ForeignIpv4, V4(Ipv4(17, Other4, Server4, Udp(1000, 2000, Data)))),
        ("UDP from no address", FrameVerdict.ForeignIpv4, V4(Ipv4(17, "0.0.0.0", Server4, Udp(1000, 2000, Data)))),
        ("DHCP from no address to one server", FrameVerdict.ForeignIpv4, V4(Ipv4(17, "0.0.0.0", Server4, Udp(68, 67, Dhcp(1, 1, Own))))),
        ("IGMP from no address", FrameVerdict.ForeignIpv4, V4(Ipv4(2, "0.0.0.0", "224.0.0.22", Data))),
        ("DHCP discover", FrameVerdict.Pass, Asked(Dhcp(1, 1, Own))),
        ("DHCP renewal", FrameVerdict.Pass, V4(Ipv4(17, Own4, Server4, Udp(68, 67, Dhcp(1, 3, Own))))),
        ("DHCP rebinding", FrameVerdict.Pass, V4(Ipv4(17, Own4, "255.255.255.255", Udp(68, 67, Dhcp(1, 3, Own, had: Own4))))),
        ("DHCP release of its own address", FrameVerdict.Pass, V4(Ipv4(17, Own4, Server4, Udp(68, 67, Dhcp(1, 7, Own, had: Own4))))),
        ("DHCP release of another's address", FrameVerdict.ForeignDhcp, V4(Ipv4(17, Own4, Server4, Udp(68, 67, Dhcp(1, 7, Own, had: Other4))))),
        ("DHCP decline of its own address", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 4, Own, options: AddressOption(50, Own4)))),
        ("DHCP decline of another's address", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 4, Own, options: AddressOption(50, Other4)))),
        ("DHCP to another server", FrameVerdict.ForeignDhcp, V4(Ipv4(17, Own4, Other4, Udp(68, 67, Dhcp(1, 3, Own))))),
        ("DHCP to a group", FrameVerdict.ForeignDhcp, V4(Ipv4(17, Own4, "224.0.0.1", Udp(68, 67, Dhcp(1, 3, Own))))),
        ("DHCP for another station", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Other))),
        ("DHCP through a relay", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Own, relay: Other4))),
        ("DHCP with a relay's option", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Own, options: [82, 3, 1, 1, 7]))),
        ("DHCP with its MAC as identifier", FrameVerdict.Pass, Asked(Dhcp(1, 1, Own, options: [61, 7, 1, .. Own]))),
        ("DHCP with another's MAC as identifier", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Own, options: [61, 7, 1, .. Other]))),
        ("DHCP with its MAC as identifier of another kind", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Own, options: [61, 7, 0, .. Own]))),
        ("DHCP with a longer identifier", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Own, options: [61, 8, 1, .. Own, 0]))),
        ("DHCP with a shorter identifier", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Own, options: [61, 6, 1, .. Own[..5]]))),
        ("DHCP with an identifier of one byte", FrameVerdict.Malformed, Asked(Dhcp(1, 1, Own, options: [61, 1, 1]))),
        ("DHCP with an identifier of no byte", FrameVerdict.Malformed, Asked(Dhcp(1, 1, Own, options: [61, 0]))),
        ("DHCP with two identifiers", FrameVerdict.Malformed, Asked(Dhcp(1, 1, Own, options: [61, 7, 1, .. Own, 61, 7, 1, .. Other]))),
        ("DHCP with a name as identifier", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Own, options: [61, 5, 0, .. "node"u8]))),
        ("DHCP with a DUID, though of its own MAC", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Own, options: [61, 15, 255, 0, 0, 0, 1, 0, 3, 0, 1, .. Own]))),
        ("DHCP with overloaded fields", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 1, Own, options: [52, 1, 1]))),
        ("DHCP with two types", FrameVerdict.Malformed, Asked(Dhcp(1, 1, Own, options: [53, 1, 7]))),
        ("DHCP with a server's type", FrameVerdict.ForeignDhcp, Asked(Dhcp(1, 5, Own))),
        ("DHCP without type (BOOTP)", FrameVerdict.ForeignDhcp, Asked([.. Dhcp(1, 1, Own)[..240], 255])),
        ("DHCP without magic cookie", FrameVerdict.Malformed, Asked([.. Dhcp(1, 1, Own)[..236], 0, 0, 0, 0, .. Dhcp(1, 1, Own)[240..]])),
        ("DHCP without options", FrameVerdict.Malformed, Asked(Dhcp(1, 1, Own)[..236])),
        ("DHCP without end", FrameVerdict.Malformed, Asked(Dhcp(1, 1, Own)[..^1])),
        ("DHCP with an option longer than the message", FrameVerdict.Malformed, Asked(Dhcp(1, 1, Own, options: [61, 200, 1, .. Own]))),
        ("DHCP for other hardware", FrameVerdict.Malformed, Asked([1, 6, .. Dhcp(1, 1, Own)[2..]])),
        ("DHCP with more behind UDP's length", FrameVerdict.Malformed, V4(Ipv4(17, "0.0.0.0", "255.255.255.255", [.. Udp(68, 67, Dhcp(1, 1, Own)), 0, 0]))),
        ("DHCP in a fragment", FrameVerdict.ForeignDhcp, V4(Ipv4(17, "0.0.0.0", "255.255.255.255", Udp(68, 67, Dhcp(1, 1, Own)), 0x2000))),
        ("DHCP from another port", FrameVerdict.ForeignDhcp, V4(Ipv4(17, Own4, Server4, Udp(1000, 67, Dhcp(1, 3, Own))))),
        ("DHCP reply on a client's way", FrameVerdict.ForeignDhcp, V4(Ipv4(17, Own4, Server4, Udp(68, 67, Dhcp(2, 5, Own, Other4))))),
        ("DHCP server's offer", FrameVerdict.PlatformOnly, V4(Ipv4(17, Own4, "255.255.255.255", Udp(67, 68, Dhcp(2, 2, Other, Other4))))),
        ("DHCP server's offer from another port", FrameVerdict.PlatformOnly, V4(Ipv4(17, Own4, "255.255.255.255", Udp(1000, 68, Dhcp(2, 2, Other, Other4))))),
        ("DHCP from a server's port to any other", FrameVerdict.PlatformOnly, V4(Ipv4(17, Own4, Server4, Udp(67, 67, Dhcp(1, 3, Own))))),
        ("DHCP server's offer as first fragment", FrameVerdict.PlatformOnly,
            V4(Ipv4(17, Own4, "255.255.255.255", Udp(67, 68, Dhcp(2, 2, Other, Other4)), 0x2000))),
        ("first fragment too short for the ports", FrameVerdict.Malformed, V4(Ipv4(17, Own4, Server4, [0, 67, 0, 68], 0x2000))),
        ("later fragment of its own", FrameVerdict.Pass, V4(Ipv4(17, Own4, Server4, Data, 0x0010))),
        ("later fragment of another", FrameVerdict.ForeignIpv4, V4(Ipv4(17, Other4, Server4, Data, 0x0010))),
        ("later fragment from no address", FrameVerdict.ForeignIpv4, V4(Ipv4(17, "0.0.0.0", Server4, Data, 0x0010))),
        ("ICMP redirect", FrameVerdict.PlatformOnly, V4(Ipv4(1, Own4, Server4, [5, 0, .. Data]))),
        ("ICMP router advertisement", FrameVerdict.PlatformOnly, V4(Ipv4(1, Own4, "224.0.0.1", [9, 0, .. Data]))),
        ("IGMP report", FrameVerdict.Pass, V4(Ipv4(2, Own4, "224.0.0.22", [0x22, 0, .. Data]))),
        ("IGMP version 2 report", FrameVerdict.Pass, V4(Ipv4(2, Own4, "239.1.2.3", [0x16, 0, .. Data]))),
        ("IGMP leave", FrameVerdict.Pass, V4(Ipv4(2, Own4, "224.0.0.2", [0x17, 0, .. Data]))),
        ("IGMP query", FrameVerdict.PlatformOnly, V4(Ipv4(2, Own4, "224.0.0.1", [0x11, 0, .. Data]))),
        ("IGMP DVMRP", FrameVerdict.PlatformOnly, V4(Ipv4(2, Own4, "224.0.0.4", [0x13, 0, .. Data]))),
        ("multicast router advertisement", FrameVerdict.PlatformOnly, V4(Ipv4(2, Own4, "224.0.0.106", [0x30, 0, .. Data]))),
        ("multicast router solicitation", FrameVerdict.PlatformOnly, V4(Ipv4(2, Own4, "224.0.0.106", [0x31, 0, .. Data]))),
        ("multicast router termination", FrameVerdict.PlatformOnly, V4(Ipv4(2, Own4, "224.0.0.106", [0x32, 0, .. Data]))),
        ("IGMP cut off", FrameVerdict.Malformed, V4(Ipv4(2, Own4, "224.0.0.1", []))),
        ("PIM", FrameVerdict.PlatformOnly, V4(Ipv4(103, Own4, "224.0.0.13", Data))),
        ("IPv6 behind IPv4's type", FrameVerdict.Malformed, V4(Ipv6(17, Own6, AllNodes6, Data))),
        ("IPv4 header shorter than 20", FrameVerdict.Malformed, V4([0x44, .. Ipv4(17, Own4, Server4, Data)[1..]])),
        ("IPv4 options reach past the packet", FrameVerdict.Malformed, V4([0x4F, .. Ipv4(17, Own4, Server4, [1, 2])[1..]])),
        ("IPv4 longer than its frame", FrameVerdict.Malformed, V4([0x45, 0, 0, 200, .. Ipv4(17, Own4, Server4, Data)[4..]])),

        ("neighbour solicitation", FrameVerdict.Pass, V6(Ipv6(58, Own6, AllNodes6, Neighbour(135, Other6, LinkOption(1, Own))))),
        ("neighbour advertisement of its own", FrameVerdict.Pass, V6(Ipv6(58, Own6, AllNodes6, Neighbour(136, Own6, LinkOption(2, Own))))),
        ("its global address", FrameVerdict.Pass, V6(Ipv6(17, OwnGlobal6, "2001:db8::1", Udp(1000, 2000, Data)))),
        ("is my address free", FrameVerdict.Pass, V6(Ipv6(58, "::", AllNodes6, Neighbour(135, Own6, [])))),
        ("is my address free, with a nonce", FrameVerdict.Pass, V6(Ipv6(58, "::", AllNodes6, Neighbour(135, Own6, [14, 1, 1, 2, 3, 4, 5, 6])))),
        ("router solicitation before an address", FrameVerdict.Pass, V6(Ipv6(58, "::", "ff02::2", [133, 0, 0, 0, 0, 0, 0, 0]))),
        ("MLD report before an address", FrameVerdict.Pass, V6(Ipv6(0, "::", "ff02::16", [.. Extension(58), 143, 0, .. Data]))),
        ("UDP from no IPv6 address", FrameVerdict.ForeignIpv6, V6(Ipv6(17, "::", AllNodes6, Udp(1000, 2000, Data)))),
        ("TCP from no IPv6 address", FrameVerdict.ForeignIpv6, V6(Ipv6(6, "::", AllNodes6, Data))),
        ("ping from no IPv6 address", FrameVerdict.ForeignIpv6, V6(Ipv6(58, "::", AllNodes6, [128, 0, .. Data]))),
        ("UDP from no IPv6 address behind a header", FrameVerdict.ForeignIpv6, V6(Ipv6(0, "::", AllNodes6, [.. Extension(17), .. Udp(1000, 2000, Data)]))),
        ("is another's address free", FrameVerdict.ForeignIpv6, V6(Ipv6(58, "::", AllNodes6, Neighbour(135, Other6, [])))),
        ("router solicitation", FrameVerdict.Pass, V6(Ipv6(58, Own6, "ff02::2", [133, 0, 0, 0, 0, 0, 0, 0, .. LinkOption(1, Own)]))),
        ("router solicitation that names another MAC", FrameVerdict.ForeignIpv6,
            V6(Ipv6(58, Own6, "ff02::2", [133, 0, 0, 0, 0, 0, 0, 0, .. LinkOption(1, Other)]))),
        ("another IPv6 source", FrameVerdict.ForeignIpv6, V6(Ipv6(17, Other6, AllNodes6, Udp(1000, 2000, Data)))),
        ("a group as IPv6 source", FrameVerdict.ForeignIpv6, V6(Ipv6(17, "ff02::5054:ff:fe12:3456", AllNodes6, Udp(1000, 2000, Data)))),
        ("advertisement of another's address", FrameVerdict.ForeignIpv6, V6(Ipv6(58, Own6, AllNodes6, Neighbour(136, Other6, LinkOption(2, Own))))),
        ("advertisement with another's MAC", FrameVerdict.ForeignIpv6, V6(Ipv6(58, Own6, AllNodes6, Neighbour(136, Own6, LinkOption(2, Other))))),
        ("solicitation with another's MAC", FrameVerdict.ForeignIpv6, V6(Ipv6(58, Own6, AllNodes6, Neighbour(135, Other6, LinkOption(1, Other))))),
        ("another's MAC in the second option", FrameVerdict.ForeignIpv6,
            V6(Ipv6(58, Own6, AllNodes6, Neighbour(136, Own6, [.. LinkOption(2, Own), .. LinkOption(2, Other)])))),
        ("option of length 0", FrameVerdict.Malformed, V6(Ipv6(58, Own6, AllNodes6, Neighbour(136, Own6, [2, 0, 0, 0, 0, 0, 0, 0])))),
        ("option longer than the message", FrameVerdict.Malformed, V6(Ipv6(58, Own6, AllNodes6, Neighbour(136, Own6, [14, 2, 0, 0, 0, 0, 0, 0])))),
        ("router advertisement", FrameVerdict.PlatformOnly, V6(Ipv6(58, Own6, AllNodes6, [134, 0, .. Data]))),
        ("router advertisement behind a hop-by-hop header", FrameVerdict.PlatformOnly, V6(Ipv6(0, Own6, AllNodes6, [.. Extension(58), 134, 0, .. Data]))),
        ("router advertisement behind three headers", FrameVerdict.PlatformOnly,
            V6(Ipv6(0, Own6, AllNodes6, [.. Extension(60), .. Extension(43), .. Extension(58), 134, 0, .. Data]))),
        ("router advertisement in a fragment", FrameVerdict.PlatformOnly, V6(Ipv6(44, Own6, AllNodes6, [.. FragmentHeader(58, 0, true), 134, 0, .. Data]))),
        ("router advertisement behind destination options in a fragment", FrameVerdict.PlatformOnly,
            V6(Ipv6(44, Own6, AllNodes6, [.. FragmentHeader(60, 0, true), .. Extension(58), 134, 0, .. Data]))),
        ("first fragment that hides its last header", FrameVerdict.Malformed, V6(Ipv6(44, Own6, AllNodes6, FragmentHeader(60, 0, true)))),
        ("neighbour advertisement in a fragment", FrameVerdict.Malformed,
            V6(Ipv6(44, Own6, AllNodes6, [.. FragmentHeader(58, 0, false), .. Neighbour(136, Own6, LinkOption(2, Own))]))),
        ("ping in a fragment", FrameVerdict.Pass, V6(Ipv6(44, Own6, AllNodes6, [.. FragmentHeader(58, 0, true), 128, 0, .. Data]))),
        ("later fragment of its own", FrameVerdict.Pass, V6(Ipv6(44, Own6, AllNodes6, [.. FragmentHeader(58, 64, false), .. Data]))),
        ("later fragment from no address", FrameVerdict.ForeignIpv6, V6(Ipv6(44, "::", AllNodes6, [.. FragmentHeader(58, 64, false), .. Data]))),
        ("ICMPv6 redirect", FrameVerdict.PlatformOnly, V6(Ipv6(58, Own6, AllNodes6, [137, 0, .. Data]))),
        ("DHCPv6 client", FrameVerdict.Pass, V6(Ipv6(17, Own6, "ff02::1:2", Udp(546, 547, Data)))),
        ("DHCPv6 server", FrameVerdict.PlatformOnly, V6(Ipv6(17, Own6, AllNodes6, Udp(547, 546, Data)))),
        ("DHCPv6 server behind an authentication header", FrameVerdict.PlatformOnly,
            V6(Ipv6(51, Own6, AllNodes6, [17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. Udp(547, 546, Data)]))),
        ("DHCPv6 to a client", FrameVerdict.PlatformOnly, V6(Ipv6(17, Own6, AllNodes6, Udp(1000, 546, Data)))),
        ("multicast listener report", FrameVerdict.Pass, V6(Ipv6(0, Own6, "ff02::16", [.. Extension(58), 143, 0, .. Data]))),
        ("multicast listener query", FrameVerdict.PlatformOnly, V6(Ipv6(0, Own6, AllNodes6, [.. Extension(58), 130, 0, .. Data]))),
        ("IPv6 multicast router advertisement", FrameVerdict.PlatformOnly, V6(Ipv6(58, Own6, "ff02::6a", [151, 0, .. Data]))),
        ("IPv6 multicast router solicitation", FrameVerdict.PlatformOnly, V6(Ipv6(58, Own6, "ff02::2", [152, 0, .. Data]))),
        ("IPv6 multicast router termination", FrameVerdict.PlatformOnly, V6(Ipv6(58, Own6, "ff02::6a", [153, 0, .. Data]))),
        ("multicast listener query in a fragment", FrameVerdict.PlatformOnly, V6(Ipv6(44, Own6, AllNodes6, [.. FragmentHeader(58, 0, true), 130, 0, .. Data]))),
        ("PIM over IPv6", FrameVerdict.PlatformOnly, V6(Ipv6(103, Own6, "ff02::d", Data))),
        ("PIM over IPv6 behind a header", FrameVerdict.PlatformOnly, V6(Ipv6(60, Own6, "ff02::d", [.. Extension(103), .. Data]))),
        ("more headers than anybody needs", FrameVerdict.Malformed,
            V6(Ipv6(60, Own6, AllNodes6, [.. Enumerable.Repeat(Extension(60), 20).SelectMany(header => header)]))),
        ("extension header longer than the packet", FrameVerdict.Malformed, V6(Ipv6(0, Own6, AllNodes6, [58, 9, 0, 0, 0, 0, 0, 0, 134, 0]))),
        ("IPv6 longer than its frame", FrameVerdict.Malformed, V6([0x60, 0, 0, 0, 1, 0, .. Ipv6(17, Own6, AllNodes6, Data)[6..]])),
        ("IPv4 behind IPv6's type", FrameVerdict.Malformed, From(Own, 0x86DD, [.. Ipv4(17, Own4, Server4, Udp(1000, 2000, Data)), .. Data])),
    ];

    private readonly NodeAddresses _addresses = new();
    private readonly AddressRules _rules;

    public AddressRulesTests()
    {
        _addresses.Add(new Lease(0xC0A89807, 0xC0A89801, 3600, TimeSpan.Zero));
        _rules = new AddressRules(MacAddress.FromBytes(Own), _addresses);
    }

    public static TheoryData<string> Names => [.. Cases.Select(item => item.Name).Distinct()];

    [Theory]
    [MemberData(nameof(Names))]
    public void KindOfFrame(string name)
    {
        foreach (var item in Cases.Where(item => item.Name == name)) _rules.FromNode(item.Frame).ShouldBe(item.Verdict);
    }

    [Fact]
    public void FrameCutAnywhereInItsHeadersNeverPasses()
    {
        foreach (var (name, _, frame) in Cases.Where(item => item.Verdict == FrameVerdict.Pass))
            for (var length = 0; length < frame.Length; length++)
                _rules.FromNode(frame.AsSpan(0, length)).ShouldNotBe(FrameVerdict.Pass, $"{name}, first {length} bytes");
    }

    [Fact]
    public void RandomChangesNeverLetAnotherSourceThrough()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var passed = 0;
        for (var round = 0; round < 200_000; round++)
        {
            var frame = (byte[])Cases[random.Next(Cases.Length)].Frame.Clone();
            for (var changes = random.Next(4); changes > 0; changes--) frame[random.Next(frame.Length)] = (byte)random.Next(256);
            var cut = frame.AsSpan(0, random.Next(4) == 0 ? random.Next(frame.Length + 1) : frame.Length);
            if (_rules.FromNode(cut) != FrameVerdict.Pass) continue;
            passed++;
            NamesOnlyItself(cut).ShouldBeTrue($"seed {seed}: {Convert.ToHexString(cut)}");
        }

        passed.ShouldBeGreaterThan(10_000);
    }

    [Fact]
    public void WithoutAnAddressOnlyDhcpPasses()
    {
        var rules = new AddressRules(MacAddress.FromBytes(Own), new NodeAddresses());
        rules.FromNode(Asked(Dhcp(1, 1, Own))).ShouldBe(FrameVerdict.Pass);
        rules.FromNode(Asked(Dhcp(1, 4, Own, options: AddressOption(50, Own4)))).ShouldBe(FrameVerdict.ForeignDhcp);
        rules.FromNode(Arped(Arp(1, Own, "0.0.0.0", Zero, Own4))).ShouldBe(FrameVerdict.ForeignArp);
        rules.FromNode(V4(Ipv4(17, Own4, Server4, Udp(1000, 2000, Data)))).ShouldBe(FrameVerdict.ForeignIpv4);
        rules.FromNode(Arped(Arp(1, Own, Own4, Zero, Server4))).ShouldBe(FrameVerdict.ForeignArp);
    }

    /// <summary>Options as these clients send them, in their order.</summary>
    [Theory]
    [InlineData("udhcpc",
        "35 01 01 3D 07 01 52 54 00 12 34 56 39 02 02 40 37 07 01 03 06 0C 0F 1C 2A 3C 0D 77 61 6C 74 2E 76 70 6E 2E 6E 6F 64 65 FF 00 00 00 00")]
    [InlineData("dhclient", "35 01 03 36 04 C0 A8 98 01 32 04 C0 A8 98 07 0C 04 6E 6F 64 65 37 0D 01 1C 02 03 0F 06 77 0C 2C 2F 1A 79 2A FF 00 00")]
    [InlineData("systemd-networkd, ClientIdentifier=mac",
        "35 01 01 3D 07 01 52 54 00 12 34 56 37 0A 01 03 06 0C 0F 1A 21 2A 77 79 39 02 05 C0 0C 04 6E 6F 64 65 FF")]
    public void CommonClientsAreUnderstood(string client, string options)
    {
        var bytes = Convert.FromHexString(options.Replace(" ", "", StringComparison.Ordinal));
        _rules.FromNode(Asked([.. Dhcp(1, 1, Own)[..240], .. bytes])).ShouldBe(FrameVerdict.Pass, client);
    }

    [Fact]
    public void RandomIdentifiersNeverMakeItAnotherClient()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        byte[][] pieces =
        [
            [61, 7, 1, .. Own], [61, 7, 1, .. Other], [61], [61, 0], [52, 1, 3], [53, 1, 3], [82, 2, 1, 0], [12, 2, 61, 7], [50, 4, 61, 7, 1, 2],
            [0], [0, 0, 0], [255],
        ];
        var passed = 0;
        for (var round = 0; round < 100_000; round++)
        {
            byte[] list = [.. Enumerable.Range(0, random.Next(6)).SelectMany(_ => pieces[random.Next(pieces.Length)]), 255];
            if (random.Next(2) == 0) list[random.Next(list.Length)] = (byte)random.Next(256);
            byte[] message = [.. Dhcp(1, 1, Own)[..^1], .. list];
            if (_rules.FromNode(Asked(message)) != FrameVerdict.Pass) continue;
            passed++;
            foreach (var (code, value) in OptionsOf(message))
            {
                ((code, value.Length) is not (52 or 82, _)).ShouldBeTrue($"seed {seed}: {Convert.ToHexString(list)}");
                if (code == 61) value.ShouldBe([1, .. Own], $"seed {seed}: {Convert.ToHexString(list)}");
            }
        }

        passed.ShouldBeGreaterThan(5_000);
    }

    [Theory]
    [InlineData(0x8100, true)]
    [InlineData(0x88A8, true)]
    [InlineData(0x9100, true)]
    [InlineData(0x0800, false)]
    [InlineData(0x0806, false)]
    [InlineData(0x86DD, false)]
    public void TagIsSeenInItsThreeTypes(int type, bool tagged) => AddressRules.IsTagged(From(Server, type, [])).ShouldBe(tagged);

    [Fact]
    public void JudgingAllocatesNothing()
    {
        foreach (var item in Cases) _rules.FromNode(item.Frame);
        Allocation.Of(() =>
        {
            foreach (var item in Cases) _rules.FromNode(item.Frame);
        }).ShouldBe(0);
    }

    // A second, plain reading of the rule for sources.
    private static bool NamesOnlyItself(ReadOnlySpan<byte> frame)
    {
        if (!frame.Slice(6, 6).SequenceEqual(Own)) return false;
        byte[] own4 = [192, 168, 152, 7];
        return ((frame[12] << 8) | frame[13]) switch
        {
            0x0806 => frame.Slice(22, 6).SequenceEqual(Own)
                && (frame.Slice(28, 4).SequenceEqual(own4) || (!frame.Slice(28, 4).ContainsAnyExcept((byte)0) && frame.Slice(38, 4).SequenceEqual(own4))),
            0x0800 => frame.Slice(26, 4).SequenceEqual(own4) || !frame.Slice(26, 4).ContainsAnyExcept((byte)0),
            0x86DD => !frame.Slice(22, 16).ContainsAnyExcept((byte)0)
                || frame.Slice(30, 8).SequenceEqual((ReadOnlySpan<byte>)[0x50, 0x54, 0, 0xFF, 0xFE, 0x12, 0x34, 0x56]),
            _ => false,
        };
    }

    // As a server reads them: up to the end mark.
    private static IEnumerable<(byte Code, byte[] Value)> OptionsOf(byte[] message)
    {
        for (var i = 240; i < message.Length && message[i] != 255;)
        {
            if (message[i] == 0)
            {
                i++;
                continue;
            }

            yield return (message[i], message[(i + 2)..(i + 2 + message[i + 1])]);
            i += 2 + message[i + 1];
        }
    }

    private static byte[] Asked(byte[] message) => V4(Ipv4(17, "0.0.0.0", "255.255.255.255", Udp(68, 67, message)));

    private static byte[] From(byte[] source, int type, byte[] payload) => Ethernet(Server, source, type, payload);

    private static byte[] Arped(byte[] packet) => Ethernet(Broadcast, Own, 0x0806, packet);

    private static byte[] V4(byte[] packet) => From(Own, 0x0800, packet);

    private static byte[] V6(byte[] packet) => From(Own, 0x86DD, packet);
}
