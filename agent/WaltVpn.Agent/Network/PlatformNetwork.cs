using WaltVpn.Agent.Tunnel;

namespace WaltVpn.Agent.Network;

/// <summary>The node on the platform's network: DHCP on the tunnel's interface, asked again whenever the tunnel was rebuilt.</summary>
internal sealed class PlatformNetwork : IAsyncDisposable
{
    private readonly DhcpClient _client;
    private readonly TunnelSupervisor _tunnel;
    private readonly Uplink _uplink;
    private readonly INodeLog _log;
    private volatile bool _left;

    public PlatformNetwork(TunnelSupervisor tunnel, Uplink uplink, INodeLog log)
    {
        (_tunnel, _uplink, _log) = (tunnel, uplink, log);
        Lease = new PlatformLease(BootStage.Tunnel, log);
        _client = new DhcpClient(TunnelSupervisor.InterfaceName, BootStage.Tunnel, DhcpPatience.Growing, log, Apply);
        _tunnel.Rebuilt += _client.Renew;
        _tunnel.Readdressed += _client.Restart;
        Running = UntilFailure();
    }

    /// <summary>The first address the platform gave.</summary>
    public Task<DhcpLease> FirstLease => _client.FirstLease;

    /// <summary>What the platform gives, from the first address on.</summary>
    public PlatformLease Lease { get; }

    /// <summary>Ends, with the failure, when the address is no longer looked after.</summary>
    public Task Running { get; }

    /// <summary>The node is no station of this network any more: another one, in a guest, takes its place and its lease, which is not given up.</summary>
    public async Task Leave()
    {
        _left = true;
        await End();
        LeasedAddress.Set(TunnelSupervisor.InterfaceName, null);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _left ? ValueTask.CompletedTask : End();

    private ValueTask End()
    {
        _tunnel.Rebuilt -= _client.Renew;
        _tunnel.Readdressed -= _client.Restart;
        return _client.DisposeAsync();
    }

    private async Task UntilFailure()
    {
        await _client.Running;
        // It was asked to end: that is no end of the node's life.
        if (_left) await Task.Delay(Timeout.Infinite);
    }

    private void Apply(DhcpLease? lease)
    {
        LeasedAddress.Set(TunnelSupervisor.InterfaceName, lease);
        Lease.Set(TunnelSupervisor.InterfaceName, lease);
        if (lease is not null && _uplink.Lease is { } site && site.Overlaps(lease))
            _log.Warning(
                BootStage.Tunnel,
                $"the platform's network {lease} and the site's {site} overlap: addresses in both are looked for at the site. Renumber one of them.");
    }
}
