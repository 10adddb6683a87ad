namespace WaltVpn.Hub.Rules;

/// <summary>What the address rules say of a frame from a node. Everything but <see cref="Pass"/> drops it.</summary>
internal enum FrameVerdict
{
    /// <summary>It may go to the bridge.</summary>
    Pass,

    /// <summary>The source is not the node's VPN MAC.</summary>
    ForeignMac,

    /// <summary>ARP that speaks for another station.</summary>
    ForeignArp,

    /// <summary>An IPv4 source that DHCP did not give to this node.</summary>
    ForeignIpv4,

    /// <summary>An IPv6 source, or a neighbour discovery message, that names another station.</summary>
    ForeignIpv6,

    /// <summary>DHCP in the name of another station, or about an address of another, or to a server that is none of the node's.</summary>
    ForeignDhcp,

    /// <summary>Only the platform may say this: DHCP replies, router advertisements, redirects, multicast queries and routing.</summary>
    PlatformOnly,

    /// <summary>For bridges, not for stations: STP, LLDP, PAUSE.</summary>
    BridgeControl,

    /// <summary>An EtherType nodes have no use for, or a VLAN tag.</summary>
    UnlistedType,

    /// <summary>Cut off, contradictory, or headers that hide what they carry.</summary>
    Malformed,
}
