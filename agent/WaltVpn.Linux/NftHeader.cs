namespace WaltVpn.Linux;

/// <summary>Where in a frame a rule of nf_tables counts from: linux/netfilter/nf_tables.h <c>enum nft_payload_bases</c>.</summary>
public enum NftHeader
{
    /// <summary>The Ethernet header, as it stood on the wire: with its VLAN tag.</summary>
    Ethernet = 0,

    /// <summary>What Ethernet carries: ARP, IPv4, IPv6.</summary>
    Network = 1,

    /// <summary>What IP carries, behind options and extension headers. A later fragment has none, and no rule that reads it matches.</summary>
    Transport = 2,
}
