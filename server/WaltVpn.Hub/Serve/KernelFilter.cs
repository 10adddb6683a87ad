using System.Buffers.Binary;
using WaltVpn.Hub.Rules;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Serve;

/// <summary>
/// Who may be behind each node's port, as the kernel knows it: one table of nf_tables, <c>nft list table bridge waltvpn</c>. It is the hub's own,
/// goes with it, and touches no other.
/// </summary>
internal sealed class KernelFilter : IDisposable
{
    private const string Name = "waltvpn";
    private readonly Dictionary<string, (MacAddress Mac, HashSet<uint> Addresses)> _ports = [];
    private readonly NftTable _table;

    /// <exception cref="IOException">There can be no table; the message says why and what to do.</exception>
    public KernelFilter()
    {
        try
        {
            _table = new NftTable(Name, [KernelRules.Stations, KernelRules.Addresses, KernelRules.Identifiers], KernelRules.Chains);
        }
        catch (ErrnoException refused)
        {
            throw new IOException($"{refused.Message}. {Remedy(refused.Errno)}", refused);
        }
    }

    /// <summary>Lets a node speak through its port, as its MAC and from these addresses. Before this the port says nothing.</summary>
    /// <param name="port">Name of its TAP.</param>
    /// <param name="mac">Its VPN MAC.</param>
    /// <param name="addresses">Its IPv4 addresses, in network order read big-endian.</param>
    /// <exception cref="ErrnoException">The kernel refused; nothing was changed.</exception>
    public void Open(string port, MacAddress mac, IEnumerable<uint> addresses)
    {
        var own = addresses.ToHashSet();
        _table.Change([], [.. Identity(port, mac), .. own.Select(address => Element(port, address))]);
        _ports[port] = (mac, own);
    }

    /// <summary>The node has these addresses from now on.</summary>
    /// <param name="port">An open one.</param>
    /// <param name="addresses">All of them.</param>
    /// <exception cref="ErrnoException">The kernel refused; nothing was changed.</exception>
    public void Allow(string port, IEnumerable<uint> addresses)
    {
        var (mac, former) = _ports[port];
        var own = addresses.ToHashSet();
        _table.Change(former.Except(own).Select(address => Element(port, address)), own.Except(former).Select(address => Element(port, address)));
        _ports[port] = (mac, own);
    }

    /// <summary>Nobody speaks through the port any more; nothing when it is not open.</summary>
    /// <exception cref="ErrnoException">The kernel refused; nothing was changed.</exception>
    public void Close(string port)
    {
        if (!_ports.TryGetValue(port, out var former)) return;
        _table.Change([.. Identity(port, former.Mac), .. former.Addresses.Select(address => Element(port, address))], []);
        _ports.Remove(port);
    }

    public void Dispose() => _table.Dispose();

    private static (NftSet, byte[])[] Identity(string port, MacAddress mac)
    {
        var station = new byte[MacAddress.Length];
        mac.CopyTo(station);
        var identifier = new byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(identifier.AsSpan(8), InterfaceIdentifier.Of(AddressRules.Mac(station)).Bits);
        return [(KernelRules.Stations, KernelRules.Stations.Key(port, station)), (KernelRules.Identifiers, KernelRules.Identifiers.Key(port, identifier))];
    }

    private static (NftSet, byte[]) Element(string port, uint address)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
        return (KernelRules.Addresses, KernelRules.Addresses.Key(port, bytes));
    }

    private static string Remedy(Errno errno) => errno switch
    {
        Errno.EPERM => "Either a hub runs already in this network namespace, or CAP_NET_ADMIN is missing",
        Errno.EEXIST => $"Somebody else made a table of that name. Type: nft delete table bridge {Name}",
        _ => "The kernel's second filter needs Linux 5.12 with nf_tables for bridges (CONFIG_NF_TABLES_BRIDGE). Type: modprobe nf_tables; "
            + "where there is none, --kernel-filter off goes on without it",
    };
}
