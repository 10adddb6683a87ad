using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace WaltVpn.Linux;

/// <summary>The board's hardware watchdog: it resets the machine when it gets no sign of life (Documentation/watchdog/watchdog-api.rst).</summary>
public sealed partial class Watchdog : IDisposable
{
    private const string Device = "/dev/watchdog0";

    private readonly SafeFileHandle _device;

    private Watchdog(SafeFileHandle device) => _device = device;

    /// <summary>STARTS IT, with the time its driver has by itself. Null: the board has none, or somebody else gives the signs.</summary>
    public static Watchdog? TryOpen()
    {
        try
        {
            return new Watchdog(File.OpenHandle(Device, FileMode.Open, FileAccess.Write, FileShare.ReadWrite));
        }
        catch (Exception none) when (none is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Gives it a time, from now on, and a sign of life.</summary>
    /// <param name="time">Whole seconds.</param>
    /// <returns>What the hardware made of it: of a time that is too long, its own.</returns>
    public TimeSpan Arm(TimeSpan time)
    {
        var seconds = (int)time.TotalSeconds;
        if (Ioctl(_device, (nuint)(uint)WatchdogRequest.WDIOC_SETTIMEOUT, ref seconds) < 0
            && Ioctl(_device, (nuint)(uint)WatchdogRequest.WDIOC_GETTIMEOUT, ref seconds) < 0)
            throw ErrnoException.Last("WDIOC_GETTIMEOUT", Device);
        Sign();
        return TimeSpan.FromSeconds(seconds);
    }

    /// <summary>A sign of life.</summary>
    public void Sign() => RandomAccess.Write(_device, "."u8, 0);

    /// <summary>Stops it, where the hardware can be stopped.</summary>
    public void Disarm() => RandomAccess.Write(_device, "V"u8, 0);

    /// <summary>Without <see cref="Disarm"/> it goes on, and resets the machine.</summary>
    public void Dispose() => _device.Dispose();

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafeFileHandle descriptor, nuint request, ref int seconds);
}

/// <summary>linux/watchdog.h.</summary>
internal enum WatchdogRequest : uint
{
    WDIOC_SETTIMEOUT = 0xC0045706,
    WDIOC_GETTIMEOUT = 0x80045707,
}
