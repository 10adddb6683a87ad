using WaltVpn.Agent.BootFiles;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Life;

/// <summary>What an operator sees of this node's life, and has it do: log and timeline, status LED, orders of the server.</summary>
internal sealed class NodeLife : IDisposable
{
    private readonly NodeJournal _journal;
    private readonly ReportSender _sender;
    private readonly ServerOrders _orders;
    private readonly StatusLed _led;
    private readonly NodeClock _clock;
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _handedOff;
    private FreezeWatch? _freeze;
    private TunnelSupervisor? _tunnel;
    private LostBoots? _lost;
    private IReadOnlyList<NodeReport> _before = [];

    /// <param name="log">Where the lines go on to.</param>
    /// <param name="stop">Ends the node process, where the machine is to start over.</param>
    /// <param name="handedOff">This process began anew beside a living operating system.</param>
    public NodeLife(INodeLog log, StopSignal stop, bool handedOff)
    {
        _handedOff = handedOff;
        _journal = new NodeJournal(log, TimeProvider.System);
        _sender = new ReportSender(_journal, BootId(), word => _tunnel?.TryTell(word) == true, TimeProvider.System) { TellsStages = !handedOff };
        _led = new StatusLed(StatusLed.LedClass, _journal.Timeline, TimeProvider.System, _journal);
        _orders = new ServerOrders(_led, stop, TimeProvider.System, _journal);
        _clock = new NodeClock(TimeProvider.System, SystemClock.Set, _journal) { IsTheSystems = handedOff };
        if (!handedOff) _led.Begin();
    }

    /// <summary>The node's log, which is kept.</summary>
    public INodeLog Log => _journal;

    /// <summary>How far the boot came.</summary>
    public BootTimeline Timeline => _journal.Timeline;

    /// <summary>The clock is at least at the time when the image was built; and if it is a boot image, the server is told which.</summary>
    /// <param name="image">What it says of itself.</param>
    /// <param name="commandLine">The kernel's: a boot image has its epoch in it, and a card has put in which image it took (<see cref="Kexec"/>).</param>
    public void StartedFrom(ImageInfo? image, string commandLine)
    {
        if (image is null) return;
        _clock.RaiseTo(image.BuildTime, "when this image was built");
        if (Kexec.Epoch(commandLine) is not { } epoch) return;
        var running = new RunningImage { Epoch = epoch, Built = image.BuildTime.ToUnixTimeSeconds(), Sha256 = Kexec.StageTwoImage(commandLine) };
        _sender.Image = running;
        _freeze = new FreezeWatch(running, Timeline, TimeProvider.System, _journal);
    }

    /// <summary>The server told settings that were taken: which boot image it names.</summary>
    public void Hear(SettingsDocument told) => _freeze?.Hear(told);

    /// <summary>From now on a boot that does not come to the server is kept.</summary>
    public void KeepOn(StatePartition state, CancellationToken stopping)
    {
        if (_handedOff) return;
        _clock.Recall(state);
        _lost = new LostBoots(state, _journal);
        _before = _lost.Read();
        // Its own failures are in the log; a cancelled wait is the end of the machine.
        _ = _lost.Watch(() => _sender.Whole, _reached.Task, TimeProvider.System, stopping);
    }

    /// <summary>The node is at the server: nothing to keep any more.</summary>
    public void Reached() => _reached.TrySetResult();

    /// <summary>Hands over what there is, and listens to orders, for the whole life of the node.</summary>
    public Task TellThrough(TunnelSupervisor tunnel, CancellationToken stopping)
    {
        _tunnel = tunnel;
        tunnel.Told += _sender.Hear;
        tunnel.Told += _orders.Hear;
        tunnel.Told += _clock.Hear;
        return _sender.Run(_before, () => _lost?.Clear(), stopping);
    }

    /// <summary>The node's own operating system starts now; the LED is its.</summary>
    public void Arrived()
    {
        Timeline.Complete();
        _clock.IsTheSystems = true;
        _led.GiveBack();
    }

    /// <summary>This boot ends by an error of ours.</summary>
    public void Failed(string why)
    {
        Timeline.Fail(why);
        if (!_reached.Task.IsCompleted) _lost?.Write(_sender.Whole);
    }

    /// <inheritdoc/>
    public void Dispose() => _led.Dispose();

    // Of this kernel's start (random(4)).
    private static string BootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim().Replace("-", "", StringComparison.Ordinal);
}
