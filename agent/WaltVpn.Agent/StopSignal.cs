using System.Runtime.InteropServices;

namespace WaltVpn.Agent;

/// <summary>SIGTERM to the node process: PID 1 shuts the machine down.</summary>
internal sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource _requested = new();
    private readonly PosixSignalRegistration _registration;
    private volatile bool _ignored;

    public StopSignal() => _registration = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
    {
        context.Cancel = true;
        if (!_ignored) _requested.Cancel();
    });

    /// <summary>Cancelled when it came.</summary>
    public CancellationToken Requested => _requested.Token;

    /// <summary>Somebody else than PID 1 wants the machine to start over; nothing happens when an operating system runs.</summary>
    public void Request()
    {
        if (!_ignored) _requested.Cancel();
    }

    /// <summary>An operating system runs: its init asks every process to end, and needs its root, and so the tunnel, to the very last.</summary>
    public bool Ignored
    {
        get => _ignored;
        set => _ignored = value;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registration.Dispose();
        _requested.Dispose();
    }
}
