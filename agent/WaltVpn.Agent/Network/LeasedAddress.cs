using WaltVpn.Linux;

namespace WaltVpn.Agent.Network;

/// <summary>Puts the address of a lease on an interface, and takes it away with the lease.</summary>
internal static class LeasedAddress
{
    /// <summary>Connections live on while the address stays the same: it is touched only when it changed.</summary>
    /// <param name="name">The interface.</param>
    /// <param name="lease">The lease, or null when it is lost.</param>
    /// <exception cref="ErrnoException">The interface is gone.</exception>
    public static void Set(string name, DhcpLease? lease)
    {
        using var kernel = new Rtnetlink();
        if (lease is not null && kernel.GetAddresses(name).Contains((lease.Address, lease.PrefixLength))) return;
        kernel.FlushAddresses(name);
        if (lease is not null) kernel.AddAddress(name, lease.Address, lease.PrefixLength);
    }
}
