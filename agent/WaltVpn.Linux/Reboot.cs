using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>reboot(2) and sync(2). Commands from linux/reboot.h.</summary>
public static partial class Reboot
{
    /// <summary>Ctrl-Alt-Del no longer resets the machine at once: it sends SIGINT to PID 1, which can shut down safely.</summary>
    /// <exception cref="ErrnoException">EPERM outside the first process namespace without CAP_SYS_BOOT.</exception>
    public static void HandCtrlAltDelToInit() => Call(RebootCommand.LINUX_REBOOT_CMD_CAD_OFF);

    /// <summary>Sends a signal to PID 1, which gets only those that it handles (kill(2)).</summary>
    /// <param name="signal">Number from signal(7), or init's own, e.g. systemd's (systemd(1), "Signals").</param>
    public static void AskInit(int signal)
    {
        const int Init = 1;
        if (KillCall(Init, signal) != 0) throw ErrnoException.Last("kill", $"PID 1, signal {signal}");
    }

    /// <summary>RESTARTS THE MACHINE NOW. Write back with <see cref="Sync"/> and unmount before.</summary>
    public static void Restart() => Call(RebootCommand.LINUX_REBOOT_CMD_RESTART);

    /// <summary>SWITCHES THE MACHINE OFF NOW. Write back with <see cref="Sync"/> and unmount before.</summary>
    public static void PowerOff() => Call(RebootCommand.LINUX_REBOOT_CMD_POWER_OFF);

    /// <summary>STARTS THE KERNEL THAT kexec(8) HAS LOADED, NOW. Write back with <see cref="Sync"/> before.</summary>
    /// <exception cref="ErrnoException">EINVAL: none is loaded.</exception>
    public static void IntoLoadedKernel() => Call(RebootCommand.LINUX_REBOOT_CMD_KEXEC);

    /// <summary>Writes all dirty data to the devices and waits for it: sync(2).</summary>
    public static void Sync() => SyncCall();

    private static void Call(RebootCommand command)
    {
        // glibc's wrapper supplies the two magic numbers.
        if (RebootCall(unchecked((int)command)) != 0) throw ErrnoException.Last("reboot", $"{command}");
    }

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void SyncCall();

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillCall(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "reboot", SetLastError = true)]
    private static partial int RebootCall(int command);
}
