using System.Net.Sockets;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Network;

/// <summary>busybox udhcpc on one interface, kept running so that the lease is renewed. The agent sets what the lease says.</summary>
internal sealed class DhcpClient : IAsyncDisposable
{
    private const string Busybox = "/bin/busybox";
    private const string EventScript = $"/lib/waltvpn/{DhcpEvent.ProgramName}";
    private const int SIGUSR1 = 10;
    private const int SIGTERM = 15;
    // One that ran this long worked: the next one is started soon.
    private static readonly TimeSpan Working = TimeSpan.FromSeconds(10);
    // Sooner nobody can have waited for an answer: it could not even ask.
    private static readonly TimeSpan Asked = TimeSpan.FromSeconds(1);

    private readonly string _interface;
    private readonly INodeLog _log;
    private readonly BootStage _stage;
    private readonly Func<int, string[]> _patience;
    private readonly Action<DhcpLease?> _apply;
    private readonly Socket _events;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<DhcpLease> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _listening;
    private readonly Task _running;
    private volatile ChildProcess? _udhcpc;
    private volatile bool _givenUp;
    private volatile int _unanswered; // questions in a row
    private TimeSpan _leaseLife; // from _leasedAt; zero: no lease
    private long _leasedAt;

    /// <summary>Starts asking.</summary>
    /// <param name="interfaceName">An interface that is up.</param>
    /// <param name="stage">For the log.</param>
    /// <param name="patience">udhcpc's options after so many questions in a row without answer: <see cref="DhcpPatience"/>.</param>
    /// <param name="log">Why there is no lease.</param>
    /// <param name="apply">Called with each new lease, and with null when it is lost; sets addresses and routes.</param>
    public DhcpClient(string interfaceName, BootStage stage, Func<int, string[]> patience, INodeLog log, Action<DhcpLease?> apply)
    {
        (_interface, _stage, _patience, _log, _apply) = (interfaceName, stage, patience, log, apply);
        var path = $"/run/walt-vpn/dhcp-{interfaceName}.sock";
        File.Delete(path);
        _events = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        _events.Bind(new UnixDomainSocketEndPoint(path));
        _listening = Listen();
        _running = Run(path);
    }

    /// <summary>The first lease, when it comes.</summary>
    public Task<DhcpLease> FirstLease => _first.Task;

    /// <summary>Ends, with the failure, when the client cannot go on; never before <see cref="DisposeAsync"/> otherwise.</summary>
    public Task Running => Task.WhenAny(_running, _listening).Unwrap();

    /// <summary>Nobody answered for a while; raised every time udhcpc has asked in vain.</summary>
    public event Action? Unanswered;

    /// <summary>Asks the server now, e.g. because the cable was out: the network may be another.</summary>
    public void Renew()
    {
        _unanswered = 0;
        _udhcpc?.Kill(SIGUSR1);
    }

    /// <summary>Gives the address up and asks anew, because the interface is another station now.</summary>
    public void Restart()
    {
        _givenUp = true;
        _udhcpc?.Kill(SIGTERM);
    }

    /// <summary>Ends udhcpc; what was set stays.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udhcpc?.Kill(SIGTERM);
        await _running;
        await _listening;
        _events.Dispose();
        _stop.Dispose();
    }

    private async Task Run(string socketPath)
    {
        var backoff = new Backoff();
        while (!_stop.IsCancellationRequested)
        {
            var started = TimeProvider.System.GetTimestamp();
            var patience = _patience(_unanswered);
            // -f: in the foreground.
            string[] arguments = ["udhcpc", "-f", "-i", _interface, "-s", EventScript, .. patience, "-V", "walt.vpn.node", "-O", "rootpath"];
            var (status, reason) = await RunOnce(arguments, socketPath);
            if (_stop.IsCancellationRequested) return;
            if (status is { Code: 1 } && patience.Contains("-n") && TimeProvider.System.GetElapsedTime(started) >= Asked)
            {
                // It asked, waited as long as it was told, and ended as it was told: the next question follows at once, and waits longer.
                _unanswered++;
                continue;
            }

            if (TimeProvider.System.GetElapsedTime(started) >= Working) backoff.Reset();
            var wait = backoff.Next();
            _log.Retry(_stage, $"udhcpc on {_interface}: {reason}. Starting it again in {StageRunner.Seconds(wait)}.");
            await Task.Delay(wait, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task<(ExitStatus? Status, string Reason)> RunOnce(string[] arguments, string socketPath)
    {
        try
        {
            _udhcpc = ChildProcess.Start(Busybox, arguments, ["PATH=/sbin:/bin", $"{DhcpEvent.SocketVariable}={socketPath}"], name: "@" + Busybox);
            if (_stop.IsCancellationRequested) _udhcpc.Kill(SIGTERM);
            var status = await _udhcpc.Exited;
            return (status, $"ended with {status}");
        }
        catch (ErrnoException failure)
        {
            return (null, failure.Message);
        }
    }

    private async Task Listen()
    {
        var buffer = new byte[DhcpEvent.MaxLength];
        while (true)
        {
            try
            {
                var length = await _events.ReceiveAsync(buffer, _stop.Token);
                Handle(DhcpEvent.FromDatagram(buffer.AsSpan(0, length)));
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception failure) when (failure is IOException or SocketException)
            {
                _first.TrySetException(failure);
                _log.Warning(_stage, $"{failure.Message}. The lease on {_interface} could not be applied; waiting for the next.");
            }
        }
    }

    private void Handle(DhcpEvent message)
    {
        switch (message.Kind)
        {
            case "bound" or "renew" when DhcpLease.TryRead(message.Variables, out var lease):
                (_leaseLife, _leasedAt, _givenUp, _unanswered) = (lease.Life, TimeProvider.System.GetTimestamp(), false, 0);
                _apply(lease);
                _first.TrySetResult(lease);
                break;
            case "bound" or "renew":
                _log.Warning(_stage, $"the DHCP answer on {_interface} has no usable address; ignored.");
                break;
            case "deconfig":
                // udhcpc says so whenever it starts to ask anew, also after a server was silent for seconds. The lease is the node's to its end.
                if (_givenUp || LeaseIsOver()) Lose();
                break;
            case "nak":
                Lose();
                _log.Warning(_stage, $"the DHCP server on {_interface} took the address back; asking for another.");
                break;
            case "leasefail":
                _log.Retry(_stage, $"no DHCP answer on {_interface}; asking again.");
                if (LeaseIsOver()) Lose();
                Unanswered?.Invoke();
                break;
            default:
                break;
        }
    }

    private bool LeaseIsOver() => TimeProvider.System.GetElapsedTime(_leasedAt) >= _leaseLife;

    private void Lose()
    {
        (_leaseLife, _givenUp) = (TimeSpan.Zero, false);
        _apply(null);
    }
}
