using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>The time of day: clock_settime(2).</summary>
public static partial class SystemClock
{
    /// <summary>SETS THE MACHINE'S TIME OF DAY. Timers and timestamps that count from the kernel's start do not notice.</summary>
    /// <param name="now">From 1970 on.</param>
    /// <exception cref="ErrnoException">EPERM without CAP_SYS_TIME.</exception>
    public static void Set(DateTimeOffset now)
    {
        const int CLOCK_REALTIME = 0;
        var ticks = (now - DateTimeOffset.UnixEpoch).Ticks;
        var time = new TimeSpec { tv_sec = ticks / TimeSpan.TicksPerSecond, tv_nsec = ticks % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick };
        if (SetTime(CLOCK_REALTIME, ref time) != 0) throw ErrnoException.Last("clock_settime", $"{now:u}");
    }

    [LibraryImport("libc", EntryPoint = "clock_settime", SetLastError = true)]
    private static partial int SetTime(int clock, ref TimeSpec time);

    // time.h, struct timespec on 64-bit machines.
    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long tv_sec;
        public long tv_nsec;
    }
}
