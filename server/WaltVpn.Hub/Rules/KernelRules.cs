using WaltVpn.Linux;
using static WaltVpn.Linux.NftHeader;

namespace WaltVpn.Hub.Rules;

/// <summary>
/// The sources that <see cref="AddressRules"/> binds a node to, a second time, as rules of the kernel's nf_tables (docs/security.md L2-5). They hold whatever
/// becomes of the relay: each frame from a node's port that they do not know is dropped.
/// </summary>
/// <remarks>
/// Who a node is stands in three sets of pairs, port and address; a port without pairs may say nothing. Offsets are those of RFC 826 (ARP), 791 (IPv4),
/// 8200 (IPv6) and 4861 (neighbour discovery). What only the platform says (L2-6) is the relay's to know, but for neighbour discovery.
/// </remarks>
internal static class KernelRules
{
    /// <summary>How the names of nodes' ports begin, and no others'.</summary>
    public const string PortPrefix = "wn-";

    /// <summary>Port and the station behind it.</summary>
    public static readonly NftSet Stations = new("stations", NftAddress.Ethernet);

    /// <summary>Port and an IPv4 address that DHCP gave the station.</summary>
    public static readonly NftSet Addresses = new("addresses", NftAddress.Ipv4);

    /// <summary>Port and the station's interface identifier, as an address without prefix.</summary>
    public static readonly NftSet Identifiers = new("identifiers", NftAddress.Ipv6);

    private const byte IcmpV6 = 58;
    private const byte RouterSolicitation = 133;
    private const byte NeighbourSolicitation = 135;
    private const byte NeighbourAdvertisement = 136;
    private const byte FirstOfDiscovery = 133;
    private const byte LastOfDiscovery = 137;
    private const byte NonceOption = 14;

    // Ethernet.
    private const int SourceMac = 6;
    private const int EtherType = 12;

    // ARP.
    private const int SenderMac = 8;
    private const int SenderAddress = 14;
    private const int TargetAddress = 24;

    // IPv4.
    private const int Source4 = 12;

    // IPv6, and what follows its header at once.
    private const int PayloadLength = 4;
    private const int NextHeader = 6;
    private const int Source6 = 8;
    private const int IcmpType = 40;
    private const int IcmpTarget = 48;

    private static readonly byte[] Identifier = [0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

    /// <summary>All chains; the first one is asked about each frame that enters a bridge.</summary>
    public static IReadOnlyList<NftChain> Chains { get; } =
    [
        new("bridge-ports", [new NftRule().InterfaceBegins(PortPrefix).Goto("node")]) { AtBridgePorts = true },
        new("node",
        [
            FromStation().Is(Ethernet, EtherType, 0x08, 0x06).Goto("arp"),
            FromStation().Is(Ethernet, EtherType, 0x08, 0x00).Goto("ipv4"),
            FromStation().Is(Ethernet, EtherType, 0x86, 0xDD).Goto("ipv6"),
            Drop(),
        ]),
        new("arp",
        [
            // For IPv4 on Ethernet, request or reply.
            Arp(0, 1).IsIn(Addresses, Network, SenderAddress).Accept(),
            Arp(0, 2).IsIn(Addresses, Network, SenderAddress).Accept(),
            // A probe for an address of its own.
            Arp(0, 1).Is(Network, SenderAddress, 0, 0, 0, 0).IsIn(Addresses, Network, TargetAddress).Accept(),
            Drop(),
        ]),
        new("ipv4",
        [
            new NftRule().IsIn(Addresses, Network, Source4).Accept(),
            // A DHCP client without an address: no options of IPv4 (5 words), no fragment, UDP, 0.0.0.0 to everybody, ports 68 to 67.
            new NftRule().Is(Network, 0, 0x45).Is(Network, 9, 17).Is(Network, Source4, 0, 0, 0, 0, 255, 255, 255, 255)
                .Is(Transport, 0, 0, 68, 0, 67).Accept(),
            Drop(),
        ]),
        new("ipv6",
        [
            new NftRule().Is(Network, Source6, new byte[16]).Goto("ipv6-without-source"),
            // A group is nobody's address.
            new NftRule().Is(Network, Source6, 0xFF).Goto("nobody"),
            new NftRule().IsIn(Identifiers, Network, Source6, Identifier).Goto("ipv6-own"),
            Drop(),
        ]),
        new("nobody", [Drop()]),
        new("ipv6-without-source",
        [
            // Is an address of its own free? With nothing beside, or with a nonce (RFC 7527).
            Discovery(NeighbourSolicitation, 24).IsIn(Identifiers, Network, IcmpTarget, Identifier).Accept(),
            Discovery(NeighbourSolicitation, 32).Is(Network, IcmpTarget + 16, NonceOption, 1).IsIn(Identifiers, Network, IcmpTarget, Identifier).Accept(),
            Discovery(RouterSolicitation, 8).Accept(),
            // Membership of groups, before the address is its own: reports and leaving of MLD 1 (131, 132), reports of MLD 2 (143).
            new NftRule().TransportIs(IcmpV6).IsBetween(Transport, 0, 131, 132).Accept(),
            new NftRule().TransportIs(IcmpV6).Is(Transport, 0, 143).Accept(),
            Drop(),
        ]),
        new("ipv6-own",
        [
            // Neighbour discovery stands right behind the IPv6 header and names its own MAC in its one option, or has none.
            Discovery(NeighbourSolicitation, 24).Accept(),
            Discovery(NeighbourSolicitation, 32).Is(Network, IcmpTarget + 16, NonceOption, 1).Accept(),
            Discovery(NeighbourSolicitation, 32).Is(Network, IcmpTarget + 16, 1, 1).IsIn(Stations, Network, IcmpTarget + 18).Accept(),
            Discovery(NeighbourAdvertisement, 24).IsIn(Identifiers, Network, IcmpTarget, Identifier).Accept(),
            Discovery(NeighbourAdvertisement, 32).Is(Network, IcmpTarget + 16, 2, 1).IsIn(Stations, Network, IcmpTarget + 18)
                .IsIn(Identifiers, Network, IcmpTarget, Identifier).Accept(),
            Discovery(RouterSolicitation, 8).Accept(),
            Discovery(RouterSolicitation, 16).Is(Network, IcmpTarget, 1, 1).IsIn(Stations, Network, IcmpTarget + 2).Accept(),
            // Any other form of it, behind further headers too, might hide another's name; advertisements of routers and redirects are the platform's.
            new NftRule().TransportIs(IcmpV6).IsBetween(Transport, 0, FirstOfDiscovery, LastOfDiscovery).Goto("nobody"),
            new NftRule().Accept(),
        ]),
    ];

    private static NftRule FromStation() => new NftRule().IsIn(Stations, Ethernet, SourceMac);

    private static NftRule Arp(byte high, byte low) => new NftRule().Is(Network, 0, 0, 1, 0x08, 0, 6, 4, high, low).IsIn(Stations, Network, SenderMac);

    // Of a length in bytes, ICMPv6's own header included.
    private static NftRule Discovery(byte type, byte length) =>
        new NftRule().Is(Network, PayloadLength, 0, length, IcmpV6).Is(Network, IcmpType, type);

    private static NftRule Drop() => new NftRule().Count().Drop();
}
