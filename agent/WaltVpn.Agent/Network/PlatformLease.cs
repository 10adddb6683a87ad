using System.Net;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Network;

/// <summary>What the platform's DHCP server gave, for those who wait for it, and the way to the server the node lives from.</summary>
/// <param name="stage">For the log.</param>
/// <param name="log">Says when the way to the server is lost.</param>
internal sealed class PlatformLease(BootStage stage, INodeLog log)
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _interface = "";
    private DhcpLease? _lease;
    private IPAddress? _routed;

    /// <summary>The lease; null while there is none.</summary>
    public DhcpLease? Current
    {
        get
        {
            lock (_gate) return _lease;
        }
    }

    /// <summary>Completes when the platform says something new; take it before <see cref="Current"/>.</summary>
    public Task Change
    {
        get
        {
            lock (_gate) return _changed.Task;
        }
    }

    /// <summary>A lease came, or went.</summary>
    /// <param name="interfaceName">Whose; the addresses are set already.</param>
    /// <param name="lease">Null: it is lost.</param>
    public void Set(string interfaceName, DhcpLease? lease)
    {
        lock (_gate)
        {
            (_interface, _lease) = (interfaceName, lease);
            // The route went with the address, if that changed.
            if (lease is not null && _routed is not null) RouteAgain(_routed, lease);
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>From now on a server is reached through the platform's network only, also when the site's network has the same addresses.</summary>
    /// <param name="server">IPv4.</param>
    /// <exception cref="StageException">The lease knows no way to it.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public void RouteTo(IPAddress server)
    {
        lock (_gate)
        {
            _routed = server;
            if (_lease is not null) Route(server, _lease);
        }
    }

    private void RouteAgain(IPAddress server, DhcpLease lease)
    {
        try
        {
            Route(server, lease);
        }
        catch (StageException noWay)
        {
            log.Warning(stage, noWay.Message);
        }
    }

    private void Route(IPAddress server, DhcpLease lease)
    {
        var gateway = lease.IsNeighbour(server) ? null : lease.Router;
        if (gateway is null && !lease.IsNeighbour(server))
            throw new StageException($"{server} is outside the platform's network {lease}, and its DHCP names no router. Name a server inside, or a router.");
        using var kernel = new Rtnetlink();
        kernel.ReplaceHostRoute(server, gateway, _interface);
    }
}
