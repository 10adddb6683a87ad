using System.Runtime.InteropServices;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Startup;

/// <summary>Takes the machine down in order: the tunnel first, then the file systems, then the reset.</summary>
internal sealed class Shutdown : IDisposable
{
    /// <summary>After an internal error: long enough to read the console, short enough for a board nobody looks at.</summary>
    public static readonly TimeSpan AfterBug = TimeSpan.FromSeconds(20);

    // What busybox and sysvinit tell an init: SIGUSR2 powers off, SIGTERM restarts; the kernel sends SIGINT for Ctrl-Alt-Del.
    private const PosixSignal SIGUSR2 = (PosixSignal)12;

    private readonly CancellationTokenSource _requested = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly INodeLog _log;
    private volatile bool _powerOff;

    private Shutdown(INodeLog log) => _log = log;

    /// <summary>Cancelled when somebody asks.</summary>
    public CancellationToken Requested => _requested.Token;

    /// <summary>Takes the signals over.</summary>
    public static Shutdown OnSignal(INodeLog log)
    {
        var shutdown = new Shutdown(log);
        Reboot.HandCtrlAltDelToInit();
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, SIGUSR2 })
            shutdown._registrations.Add(PosixSignalRegistration.Create(signal, shutdown.Handle));
        return shutdown;
    }

    /// <summary>WRITES BACK, UNMOUNTS, AND RESETS OR SWITCHES OFF THE MACHINE. Call it when nothing else runs any more.</summary>
    public void Complete()
    {
        Reboot.Sync();
        UnmountState();
        _log.Info(BootStage.Shutdown, _powerOff ? "power off" : "restart");
        if (_powerOff) Reboot.PowerOff();
        else Reboot.Restart();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _requested.Dispose();
    }

    private void UnmountState()
    {
        try
        {
            Mount.Detach(StatePartition.MountPoint);
        }
        catch (ErrnoException notMounted)
        {
            // EINVAL, ENOENT: the boot had not come that far. EBUSY: somebody reads it; it is read-only, so nothing is lost.
            _log.Info(BootStage.Shutdown, notMounted.Message);
        }
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        _powerOff = context.Signal == SIGUSR2;
        _log.Info(BootStage.Shutdown, $"asked by {context.Signal}");
        _requested.Cancel();
    }
}
