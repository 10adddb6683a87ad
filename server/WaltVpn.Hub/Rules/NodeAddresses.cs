using WaltVpn.Hub.Dhcp;

namespace WaltVpn.Hub.Rules;

/// <summary>The IPv4 addresses one node may use: those DHCP gave it, newest last. Addresses are numbers in network order read big-endian.</summary>
internal sealed class NodeAddresses
{
    /// <summary>Most addresses of one node; the oldest gives way.</summary>
    public const int Capacity = 8;

    private readonly List<Lease> _leases = new(Capacity);

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<Lease> All => _leases;

    /// <summary>What the node asked for and may still get.</summary>
    public PendingRequests Pending { get; } = new();

    /// <summary>May the node use it?</summary>
    public bool Contains(uint address) => IndexOf(address) >= 0;

    /// <summary>The lease of an address; null when the node does not have it.</summary>
    public Lease? Find(uint address) => IndexOf(address) is >= 0 and var index ? _leases[index] : null;

    /// <summary>Has that server given it one of its addresses?</summary>
    public bool IsServer(uint address)
    {
        foreach (var lease in _leases)
            if (lease.Server == address) return true;
        return false;
    }

    /// <summary>Adds an address, or its new lease, as the newest.</summary>
    /// <returns>What gave way; null when there was room.</returns>
    public Lease? Add(Lease lease)
    {
        Remove(lease.Address);
        Lease? oldest = _leases.Count == Capacity ? _leases[0] : null;
        if (oldest is not null) _leases.RemoveAt(0);
        _leases.Add(lease);
        return oldest;
    }

    /// <summary>Takes an address away.</summary>
    /// <returns>False when the node did not have it.</returns>
    public bool Remove(uint address)
    {
        if (IndexOf(address) is not (>= 0 and var index)) return false;
        _leases.RemoveAt(index);
        return true;
    }

    private int IndexOf(uint address)
    {
        for (var index = 0; index < _leases.Count; index++)
            if (_leases[index].Address == address) return index;
        return -1;
    }
}
