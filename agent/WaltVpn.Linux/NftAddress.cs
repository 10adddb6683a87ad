namespace WaltVpn.Linux;

/// <summary>Kinds of addresses in a set, under the numbers nft(8) gives them: the kernel only hands them on to who lists the set.</summary>
public enum NftAddress
{
    /// <summary>4 bytes.</summary>
    Ipv4 = 7,

    /// <summary>16 bytes.</summary>
    Ipv6 = 8,

    /// <summary>6 bytes.</summary>
    Ethernet = 9,
}
