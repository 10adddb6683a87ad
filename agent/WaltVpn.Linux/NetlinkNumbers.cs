using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

// Names and values of the C headers; a test compiles them for x86-64 and arm64 and compares.

/// <summary>linux/netlink.h.</summary>
internal enum NetlinkProtocol
{
    NETLINK_ROUTE = 0,
    NETLINK_NETFILTER = 12,
    NETLINK_KOBJECT_UEVENT = 15,
}

/// <summary>linux/netlink.h and linux/rtnetlink.h: message types.</summary>
internal enum NetlinkType : ushort
{
    NLMSG_ERROR = 2,
    NLMSG_DONE = 3,
    RTM_NEWLINK = 16,
    RTM_DELLINK = 17,
    RTM_GETLINK = 18,
    RTM_SETLINK = 19,
    RTM_NEWADDR = 20,
    RTM_DELADDR = 21,
    RTM_GETADDR = 22,
    RTM_NEWROUTE = 24,
    RTM_NEWNEIGH = 28,
}

/// <summary>linux/netlink.h.</summary>
[Flags]
internal enum NetlinkFlag : ushort
{
    NLM_F_REQUEST = 0x1,
    NLM_F_ACK = 0x4,
    NLM_F_REPLACE = 0x100,
    NLM_F_EXCL = 0x200,
    NLM_F_DUMP = 0x300,
    NLM_F_CREATE = 0x400,
    NLM_F_APPEND = 0x800,
}

/// <summary>linux/netlink.h.</summary>
internal enum NetlinkAttributeFlag
{
    NLA_F_NESTED = 0x8000,
    NLA_TYPE_MASK = ~0xC000,
}

/// <summary>linux/rtnetlink.h.</summary>
[Flags]
internal enum NetlinkGroup : uint
{
    RTMGRP_LINK = 1,
}

/// <summary>linux/if_link.h.</summary>
internal enum LinkAttribute : ushort
{
    IFLA_ADDRESS = 1,
    IFLA_IFNAME = 3,
    IFLA_MTU = 4,
    IFLA_MASTER = 10,
    IFLA_PROTINFO = 12,
    IFLA_LINKINFO = 18,
    IFLA_AF_SPEC = 26,
    IFLA_CARRIER = 33,
}

/// <summary>linux/if_link.h, inside IFLA_LINKINFO.</summary>
internal enum LinkInfoAttribute : ushort
{
    IFLA_INFO_KIND = 1,
}

/// <summary>linux/if_link.h, inside AF_INET6 of IFLA_AF_SPEC.</summary>
internal enum Internet6Attribute : ushort
{
    IFLA_INET6_ADDR_GEN_MODE = 8,
}

/// <summary>linux/if_link.h <c>enum in6_addr_gen_mode</c>.</summary>
internal enum AddressGeneration : byte
{
    IN6_ADDR_GEN_MODE_NONE = 1,
}

/// <summary>linux/if_link.h, inside IFLA_PROTINFO of AF_BRIDGE.</summary>
internal enum BridgePortAttribute : ushort
{
    IFLA_BRPORT_LEARNING = 8,
    IFLA_BRPORT_ISOLATED = 33,
    IFLA_BRPORT_LOCKED = 39,
}

/// <summary>linux/if.h.</summary>
[Flags]
internal enum InterfaceFlag : uint
{
    IFF_UP = 0x1,
}

/// <summary>linux/neighbour.h, attributes.</summary>
internal enum NeighbourAttribute : ushort
{
    NDA_LLADDR = 2,
}

/// <summary>linux/neighbour.h, flags.</summary>
internal enum NeighbourFlag : byte
{
    NTF_MASTER = 4,
}

/// <summary>linux/neighbour.h, states.</summary>
internal enum NeighbourState : ushort
{
    NUD_NOARP = 0x40,
}

/// <summary>linux/if_addr.h.</summary>
internal enum AddressAttribute : ushort
{
    IFA_ADDRESS = 1,
    IFA_LOCAL = 2,
    IFA_BROADCAST = 4,
}

/// <summary>linux/rtnetlink.h, attributes of routes.</summary>
internal enum RouteAttribute : ushort
{
    RTA_DST = 1,
    RTA_OIF = 4,
    RTA_GATEWAY = 5,
    RTA_PRIORITY = 6,
}

/// <summary>linux/rtnetlink.h, fields of routes.</summary>
internal enum RouteField : byte
{
    RT_SCOPE_UNIVERSE = 0,
    RTN_UNICAST = 1,
    RTPROT_BOOT = 3,
    RT_SCOPE_LINK = 253,
    RT_TABLE_MAIN = 254,
}

/// <summary>linux/netlink.h <c>struct nlmsghdr</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkHeader
{
    public uint nlmsg_len;
    public ushort nlmsg_type;
    public ushort nlmsg_flags;
    public uint nlmsg_seq;
    public uint nlmsg_pid;
}

/// <summary>linux/netlink.h <c>struct nlattr</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkAttribute
{
    public ushort nla_len;
    public ushort nla_type;
}

/// <summary>linux/netlink.h <c>struct sockaddr_nl</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkAddress
{
    public ushort nl_family;
    public ushort nl_pad;
    public uint nl_pid;
    public uint nl_groups;
}

/// <summary>linux/rtnetlink.h <c>struct ifinfomsg</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinkMessage
{
    public byte ifi_family;
    public ushort ifi_type;
    public int ifi_index;
    public uint ifi_flags;
    public uint ifi_change;
}

/// <summary>linux/if_addr.h <c>struct ifaddrmsg</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AddressMessage
{
    public byte ifa_family;
    public byte ifa_prefixlen;
    public byte ifa_flags;
    public byte ifa_scope;
    public uint ifa_index;
}

/// <summary>linux/rtnetlink.h <c>struct rtmsg</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RouteMessage
{
    public byte rtm_family;
    public byte rtm_dst_len;
    public byte rtm_src_len;
    public byte rtm_tos;
    public byte rtm_table;
    public byte rtm_protocol;
    public byte rtm_scope;
    public byte rtm_type;
    public uint rtm_flags;
}

/// <summary>linux/neighbour.h <c>struct ndmsg</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NeighbourMessage
{
    public byte ndm_family;
    public byte ndm_pad1;
    public ushort ndm_pad2;
    public int ndm_ifindex;
    public ushort ndm_state;
    public byte ndm_flags;
    public byte ndm_type;
}
