using System.Net;

namespace WaltVpn.Linux;

/// <summary>Network interfaces, addresses and routes: rtnetlink(7). One thread at a time. Every method answers when the kernel has done it.</summary>
/// <remarks>A name that no interface has is an <see cref="ErrnoException"/> with ENODEV.</remarks>
public sealed class Rtnetlink : IDisposable
{
    private const NetlinkFlag Acknowledged = NetlinkFlag.NLM_F_ACK;
    private readonly NetlinkSocket _socket = new();

    /// <summary>All interfaces of this network namespace.</summary>
    public IReadOnlyList<Link> GetLinks()
    {
        var links = new List<Link>();
        var request = NetlinkMessage.Create(NetlinkType.RTM_GETLINK, NetlinkFlag.NLM_F_DUMP, default(LinkMessage));
        _socket.Ask(request, "all links", (_, body) => links.Add(Link.Read(body)));
        return links;
    }

    /// <summary>The interface of that name; null when there is none.</summary>
    public Link? FindLink(string name)
    {
        Link? found = null;
        var request = NetlinkMessage.Create(NetlinkType.RTM_GETLINK, Acknowledged, default(LinkMessage)).Add(LinkAttribute.IFLA_IFNAME, name);
        try
        {
            _socket.Ask(request, name, (_, body) => found = Link.Read(body));
        }
        catch (ErrnoException missing) when (missing.Errno == Errno.ENODEV)
        {
            return null;
        }

        return found;
    }

    /// <summary>Switches an interface on.</summary>
    public void LinkUp(string name)
    {
        var up = new LinkMessage { ifi_flags = (uint)InterfaceFlag.IFF_UP, ifi_change = (uint)InterfaceFlag.IFF_UP };
        Set(NetlinkMessage.Create(NetlinkType.RTM_NEWLINK, Acknowledged, up).Add(LinkAttribute.IFLA_IFNAME, name), name);
    }

    /// <summary>Switches an interface off; its routes go.</summary>
    public void LinkDown(string name)
    {
        var down = new LinkMessage { ifi_change = (uint)InterfaceFlag.IFF_UP };
        Set(NetlinkMessage.Create(NetlinkType.RTM_NEWLINK, Acknowledged, down).Add(LinkAttribute.IFLA_IFNAME, name), name);
    }

    /// <summary>Gives an interface another hardware address.</summary>
    /// <param name="name">The interface; some drivers want it down (EBUSY).</param>
    /// <param name="address">6 bytes in wire order.</param>
    public void SetMacAddress(string name, ReadOnlySpan<byte> address) => Set(Change(name).Add(LinkAttribute.IFLA_ADDRESS, address), name);

    /// <summary>Sets the largest packet, bytes.</summary>
    public void SetMtu(string name, int mtu) => Set(Change(name).Add(LinkAttribute.IFLA_MTU, (uint)mtu), name);

    /// <summary>The kernel gives the interface no IPv6 address by itself: as a bridge port it is a plug, not a station.</summary>
    /// <remarks>ip(8) <c>addrgenmode none</c>.</remarks>
    public void DisableAutomaticAddress(string name) => Set(
        Change(name).AddNested(LinkAttribute.IFLA_AF_SPEC, families => families.AddNested(AddressFamily.AF_INET6, family => family
            .Add(Internet6Attribute.IFLA_INET6_ADDR_GEN_MODE, (byte)AddressGeneration.IN6_ADDR_GEN_MODE_NONE))),
        name);

    /// <summary>Makes a bridge, or leaves the bridge of that name as it is. A new one is down.</summary>
    /// <param name="name">1..15 bytes.</param>
    /// <param name="macAddress">
    /// 6 bytes for a new bridge: without an address of its own it would take its ports' lowest one, and change it as they come and go.
    /// </param>
    /// <exception cref="ErrnoException">EEXIST: an interface of that name is no bridge.</exception>
    public void CreateBridge(string name, ReadOnlySpan<byte> macAddress)
    {
        if (FindLink(name) is { } link)
        {
            if (link.Kind == BridgeKind) return;
            throw new ErrnoException(nameof(NetlinkType.RTM_NEWLINK), $"{name}, which is no bridge", Errno.EEXIST);
        }

        _socket.Ask(
            NetlinkMessage.Create(NetlinkType.RTM_NEWLINK, Acknowledged | NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_EXCL, default(LinkMessage))
                .Add(LinkAttribute.IFLA_IFNAME, name)
                .Add(LinkAttribute.IFLA_ADDRESS, macAddress)
                .AddNested(LinkAttribute.IFLA_LINKINFO, info => info.Add(LinkInfoAttribute.IFLA_INFO_KIND, BridgeKind)),
            name);
    }

    /// <summary>Makes an interface a port of a bridge.</summary>
    public void JoinBridge(string name, string bridge) => Set(Change(name).Add(LinkAttribute.IFLA_MASTER, (uint)IndexOf(bridge)), name);

    /// <summary>Sets what a bridge lets through at a port: bridge(8) <c>learning</c>, <c>locked</c>, <c>isolated</c>.</summary>
    public void SetBridgePort(string name, BridgePort port)
    {
        var message = new LinkMessage { ifi_family = (byte)AddressFamily.AF_BRIDGE, ifi_index = IndexOf(name) };
        _socket.Ask(
            NetlinkMessage.Create(NetlinkType.RTM_SETLINK, Acknowledged, message).AddNested(LinkAttribute.IFLA_PROTINFO, info => info
                .Add(BridgePortAttribute.IFLA_BRPORT_LEARNING, Flag(port.Learning))
                .Add(BridgePortAttribute.IFLA_BRPORT_LOCKED, Flag(port.Locked))
                .Add(BridgePortAttribute.IFLA_BRPORT_ISOLATED, Flag(port.Isolated))),
            name);
    }

    /// <summary>Says for good that a station is behind a bridge port: <c>bridge fdb replace ADDRESS dev NAME master static</c>.</summary>
    /// <remarks>NUD_NOARP is bridge(8)'s "static"; NUD_PERMANENT would mean an address of the bridge itself.</remarks>
    public void AddStation(string name, ReadOnlySpan<byte> address)
    {
        var message = new NeighbourMessage
        {
            ndm_family = (byte)AddressFamily.AF_BRIDGE,
            ndm_ifindex = IndexOf(name),
            ndm_state = (ushort)NeighbourState.NUD_NOARP,
            ndm_flags = (byte)NeighbourFlag.NTF_MASTER,
        };
        _socket.Ask(
            NetlinkMessage.Create(NetlinkType.RTM_NEWNEIGH, Acknowledged | NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_REPLACE, message)
                .Add(NeighbourAttribute.NDA_LLADDR, address),
            name);
    }

    /// <summary>Adds an IPv4 address, or renews it.</summary>
    /// <param name="name">The interface.</param>
    /// <param name="address">IPv4; another kind is an <see cref="ErrnoException"/> with EAFNOSUPPORT.</param>
    /// <param name="prefixLength">0..32.</param>
    public void AddAddress(string name, IPAddress address, int prefixLength)
    {
        var message = new AddressMessage { ifa_family = (byte)AddressFamily.AF_INET, ifa_prefixlen = (byte)prefixLength, ifa_index = (uint)IndexOf(name) };
        var bytes = InternetBytes(address);
        var request = NetlinkMessage.Create(NetlinkType.RTM_NEWADDR, Acknowledged | NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_REPLACE, message)
            .Add(AddressAttribute.IFA_LOCAL, bytes)
            .Add(AddressAttribute.IFA_ADDRESS, bytes);
        if (prefixLength < 31) request.Add(AddressAttribute.IFA_BROADCAST, Broadcast(bytes, prefixLength));
        _socket.Ask(request, $"{name}, {address}/{prefixLength}");
    }

    /// <summary>The IPv4 addresses of an interface.</summary>
    public IReadOnlyList<(IPAddress Address, int PrefixLength)> GetAddresses(string name)
    {
        var index = IndexOf(name);
        var found = new List<(IPAddress, int)>();
        var all = new AddressMessage { ifa_family = (byte)AddressFamily.AF_INET };
        _socket.Ask(NetlinkMessage.Create(NetlinkType.RTM_GETADDR, NetlinkFlag.NLM_F_DUMP, all), name, (_, body) =>
        {
            if (AddressRecord.TryRead(body, index, out var address, out var prefixLength)) found.Add((address, prefixLength));
        });
        return found;
    }

    /// <summary>Removes all IPv4 addresses of an interface, and with them the routes that need them.</summary>
    public void FlushAddresses(string name)
    {
        var index = (uint)IndexOf(name);
        // Removing a primary address takes its secondary ones along: each round asks what is left.
        while (GetAddresses(name) is [var (address, prefixLength), ..])
        {
            var message = new AddressMessage { ifa_family = (byte)AddressFamily.AF_INET, ifa_prefixlen = (byte)prefixLength, ifa_index = index };
            _socket.Ask(
                NetlinkMessage.Create(NetlinkType.RTM_DELADDR, Acknowledged, message).Add(AddressAttribute.IFA_LOCAL, InternetBytes(address)),
                $"{name}, {address}");
        }
    }

    /// <summary>Sets the IPv4 default route of that metric.</summary>
    /// <param name="gateway">IPv4, reachable through the interface.</param>
    /// <param name="name">The interface.</param>
    /// <param name="metric">The lowest one wins; a route of the same metric is replaced.</param>
    public void ReplaceDefaultRoute(IPAddress gateway, string name, int metric)
    {
        var message = new RouteMessage
        {
            rtm_family = (byte)AddressFamily.AF_INET,
            rtm_table = (byte)RouteField.RT_TABLE_MAIN,
            rtm_protocol = (byte)RouteField.RTPROT_BOOT,
            rtm_scope = (byte)RouteField.RT_SCOPE_UNIVERSE,
            rtm_type = (byte)RouteField.RTN_UNICAST,
        };
        _socket.Ask(
            NetlinkMessage.Create(NetlinkType.RTM_NEWROUTE, Acknowledged | NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_REPLACE, message)
                .Add(RouteAttribute.RTA_GATEWAY, InternetBytes(gateway))
                .Add(RouteAttribute.RTA_OIF, (uint)IndexOf(name))
                .Add(RouteAttribute.RTA_PRIORITY, (uint)metric),
            $"default via {gateway} dev {name}");
    }

    /// <summary>Sets the IPv4 route to one host, which wins over every other route to it.</summary>
    /// <param name="host">IPv4.</param>
    /// <param name="gateway">IPv4, reachable through the interface; null: the host is a neighbour.</param>
    /// <param name="name">The interface.</param>
    public void ReplaceHostRoute(IPAddress host, IPAddress? gateway, string name)
    {
        var message = new RouteMessage
        {
            rtm_family = (byte)AddressFamily.AF_INET,
            rtm_dst_len = 32,
            rtm_table = (byte)RouteField.RT_TABLE_MAIN,
            rtm_protocol = (byte)RouteField.RTPROT_BOOT,
            rtm_scope = (byte)(gateway is null ? RouteField.RT_SCOPE_LINK : RouteField.RT_SCOPE_UNIVERSE),
            rtm_type = (byte)RouteField.RTN_UNICAST,
        };
        var request = NetlinkMessage.Create(NetlinkType.RTM_NEWROUTE, Acknowledged | NetlinkFlag.NLM_F_CREATE | NetlinkFlag.NLM_F_REPLACE, message)
            .Add(RouteAttribute.RTA_DST, InternetBytes(host))
            .Add(RouteAttribute.RTA_OIF, (uint)IndexOf(name));
        if (gateway is not null) request.Add(RouteAttribute.RTA_GATEWAY, InternetBytes(gateway));
        _socket.Ask(request, $"{host} dev {name}");
    }

    public void Dispose() => _socket.Dispose();

    private const string BridgeKind = "bridge";

    private static byte Flag(bool value) => value ? (byte)1 : (byte)0;

    private static byte[] InternetBytes(IPAddress address) =>
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
            ? address.GetAddressBytes()
            : throw new ErrnoException(nameof(IPAddress.GetAddressBytes), $"{address}, which is not IPv4", Errno.EAFNOSUPPORT);

    private static byte[] Broadcast(byte[] address, int prefixLength)
    {
        var broadcast = (byte[])address.Clone();
        for (var bit = prefixLength; bit < 32; bit++) broadcast[bit / 8] |= (byte)(0x80 >> (bit % 8));
        return broadcast;
    }

    private static NetlinkMessage Change(string name) =>
        NetlinkMessage.Create(NetlinkType.RTM_NEWLINK, Acknowledged, default(LinkMessage)).Add(LinkAttribute.IFLA_IFNAME, name);

    private void Set(NetlinkMessage change, string name) => _socket.Ask(change, name);

    private int IndexOf(string name) => FindLink(name)?.Index ?? throw new ErrnoException(nameof(NetlinkType.RTM_GETLINK), name, Errno.ENODEV);
}
