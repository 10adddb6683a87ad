using System.Net;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Network;

/// <summary>The way out: one wired interface with an address of the site's network, followed for the whole life of the node.</summary>
/// <remarks>An interface that goes, or whose cable was moved to another one, gives way to that; the tunnel's ssh notices by itself and connects anew.</remarks>
internal sealed class Uplink
{
    private static readonly TimeSpan ForLease = TimeSpan.FromSeconds(25);
    // The tunnel's network never takes the default route from the network that carries the tunnel.
    private const int RouteMetric = 100;

    private readonly StageRunner _stages;
    private readonly INodeLog _log;
    private volatile string _name = "";
    private readonly TaskCompletionSource _renamed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private MacAddress? _station;
    private volatile DhcpLease? _lease;
    private volatile bool _wasOut;
    private IPAddress? _lastAddress;

    private Uplink(StageRunner stages, INodeLog log) => (_stages, _log, Platform) = (stages, log, new PlatformLease(BootStage.Network, log));

    /// <summary>
    /// There is a way out again after it was gone, or through another address: true when connections of the old address are dead.
    /// Raised on a pool thread.
    /// </summary>
    public event Action<bool>? Regained;

    /// <summary>The interface that carries the tunnel now.</summary>
    public string Name => _name;

    /// <summary>Hardware address of the first interface that got an address: the one the board is known by.</summary>
    public MacAddress Mac { get; private set; }

    /// <summary>What the site's network gave; null while there is nothing.</summary>
    public DhcpLease? Lease => _lease;

    /// <summary>The same, for who takes this network for the platform's own.</summary>
    public PlatformLease Platform { get; }

    /// <summary>Ends, with the failure, when the way out is no longer looked after.</summary>
    public Task Following { get; private set; } = Task.CompletedTask;

    /// <summary>Waits for link and address, however long it takes.</summary>
    public static async Task<Uplink> Open(StageRunner stages, INodeLog log, CancellationToken stopping)
    {
        var uplink = new Uplink(stages, log);
        var client = await uplink.Connect(stopping);
        uplink.Following = uplink.Follow(client, stopping);
        return uplink;
    }

    /// <summary>The node is another station on this network from now on; its address is asked for anew, in that name.</summary>
    /// <param name="mac">The VPN MAC, by which the platform's DHCP knows the node.</param>
    /// <param name="stopping">The machine goes down.</param>
    /// <returns>When the new address is there.</returns>
    public async Task BecomeStation(MacAddress mac, CancellationToken stopping)
    {
        var next = Platform.Change;
        lock (_gate) _station = mac;
        _renamed.TrySetResult();
        while (true)
        {
            await next.WaitAsync(stopping);
            next = Platform.Change;
            if (Platform.Current is not null && WiredLink.MacOf(_name) == mac) return;
        }
    }

    private Task<DhcpClient> Connect(CancellationToken stopping) => _stages.UntilDone(BootStage.Network, TryConnect, stopping);

    /// <summary>One attempt. Each takes the next interface where several have a carrier.</summary>
    /// <exception cref="StageException">No DHCP answer.</exception>
    private async Task<DhcpClient> TryConnect(CancellationToken stopping)
    {
        var ready = await WiredLink.UntilCarrier(_log, stopping);
        var name = _name = ready.FirstOrDefault(other => string.CompareOrdinal(other, _name) > 0) ?? ready[0];
        _log.Info(BootStage.Network, $"link up on {name}; asking for an address");
        var mac = WiredLink.MacOf(name);
        MacAddress? station;
        lock (_gate) station = _station;
        if (station is { } own && mac != own) WiredLink.SetMac(name, own);
        var client = new DhcpClient(name, BootStage.Network, DhcpPatience.Steady, _log, lease => Apply(name, lease));
        try
        {
            await UntilLease(client, name, stopping);
            if (Mac == default) Mac = mac;
            return client;
        }
        catch (Exception failure)
        {
            await client.DisposeAsync();
            Abandon();
            if (failure is not TimeoutException) throw;
            throw new StageException(NoAnswer(name))
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        }
    }

    /// <summary>A client is given up for another interface only: a slow board and a slow network are no reason to start over.</summary>
    /// <exception cref="TimeoutException">There is another interface to try, or this one has lost its carrier.</exception>
    private async Task UntilLease(DhcpClient client, string name, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await client.FirstLease.WaitAsync(ForLease, stopping);
                return;
            }
            catch (TimeoutException) when (WiredLink.WithCarrier() is [var only] && only == name)
            {
                _log.Retry(BootStage.Network, $"{NoAnswer(name)} Still asking.");
            }
        }
    }

    private static string NoAnswer(string name) => $"no DHCP server answered on {name} within {ForLease.TotalSeconds:0} s. Is this the right network?";

    private async Task Follow(DhcpClient client, CancellationToken stopping)
    {
        while (true)
        {
            await UntilLost(client, stopping);
            await client.DisposeAsync();
            Abandon();
            client = await Connect(stopping);
        }
    }

    /// <summary>Returns when another interface is worth a try.</summary>
    private async Task UntilLost(DhcpClient client, CancellationToken stopping)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var withoutAddress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        client.Unanswered += () =>
        {
            if (_lease is null && WiredLink.WithCarrier().Any(other => other != _name)) withoutAddress.TrySetResult();
        };
        var lost = new LinkFollower(_name, _log).UntilLost(() => AskAgain(client), leaving.Token);
        if (_renamed.Task.IsCompleted) await await Task.WhenAny(lost, withoutAddress.Task, client.Running);
        else await await Task.WhenAny(lost, withoutAddress.Task, client.Running, _renamed.Task);
        await leaving.CancelAsync();
        await lost.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    // After the cable was out the network may be another one.
    private void AskAgain(DhcpClient client)
    {
        _wasOut = true;
        client.Renew();
    }

    // Its address must not stay beside the next one's.
    private void Abandon()
    {
        try
        {
            Apply(_name, null);
        }
        catch (ErrnoException)
        {
            // The interface went, and its address with it.
        }
    }

    private void Apply(string name, DhcpLease? lease)
    {
        _lease = lease;
        if (lease is null) _wasOut = true;
        LeasedAddress.Set(name, lease);
        if (lease is null) Platform.Set(name, null);
        if (lease is null) return;
        using var kernel = new Rtnetlink();
        if (lease.Router is not null) kernel.ReplaceDefaultRoute(lease.Router, name, RouteMetric);
        ResolvConf.Write(lease);
        _log.Info(BootStage.Network, $"{name} has {lease}{(lease.Router is null ? ", no router" : $" by {lease.Router}")}");
        var moved = !lease.Address.Equals(_lastAddress);
        _lastAddress = lease.Address;
        if (moved || _wasOut) Regained?.Invoke(moved);
        _wasOut = false;
        Platform.Set(name, lease);
    }
}
