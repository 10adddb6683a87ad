using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>A timer of the kernel's that sends this process a signal once, also while the process is stopped: timer_create(2), timer_settime(2).</summary>
public sealed partial class SignalTimer : IDisposable
{
    private readonly nint _timer;

    /// <summary>Makes it, not yet running.</summary>
    /// <param name="signal">Number from signal(7).</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public SignalTimer(int signal)
    {
        var what = new SignalEvent { sigev_signo = signal, sigev_notify = (int)TimerNumber.SIGEV_SIGNAL };
        if (Create((int)TimerNumber.CLOCK_MONOTONIC, ref what, out _timer) != 0) throw ErrnoException.Last("timer_create", $"signal {signal}");
    }

    /// <summary>The signal comes in so many seconds, and not before: what was set earlier is forgotten.</summary>
    /// <param name="seconds">From 1.</param>
    public void Set(int seconds)
    {
        var when = new TimerSetting { it_value = seconds };
        if (SetTime(_timer, 0, ref when, 0) != 0) throw ErrnoException.Last("timer_settime", $"{seconds} s");
    }

    /// <inheritdoc/>
    public void Dispose() => _ = Delete(_timer);

    [LibraryImport("libc", EntryPoint = "timer_create", SetLastError = true)]
    private static partial int Create(int clock, ref SignalEvent what, out nint timer);

    [LibraryImport("libc", EntryPoint = "timer_settime", SetLastError = true)]
    private static partial int SetTime(nint timer, int flags, ref TimerSetting setting, nint former);

    [LibraryImport("libc", EntryPoint = "timer_delete")]
    private static partial int Delete(nint timer);
}

/// <summary>time.h and signal.h.</summary>
internal enum TimerNumber
{
    SIGEV_SIGNAL = 0,
    CLOCK_MONOTONIC = 1,
}

/// <summary>signal.h <c>struct sigevent</c>.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal struct SignalEvent
{
    [FieldOffset(8)]
    public int sigev_signo;

    [FieldOffset(12)]
    public int sigev_notify;
}

/// <summary>time.h <c>struct itimerspec</c>; of each time the whole seconds.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal struct TimerSetting
{
    [FieldOffset(0)]
    public long it_interval;

    [FieldOffset(16)]
    public long it_value;
}
