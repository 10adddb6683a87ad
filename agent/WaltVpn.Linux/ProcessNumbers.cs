using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

// Names and values of the C headers; a test compiles them for x86-64 and arm64 and compares.

/// <summary>sys/wait.h <c>idtype_t</c>.</summary>
internal enum WaitFor
{
    P_ALL = 0,
    P_PID = 1,
}

/// <summary>linux/wait.h.</summary>
[Flags]
internal enum WaitOption
{
    WNOHANG = 0x1,
    WEXITED = 0x4,
    WNOWAIT = 0x01000000,
}

/// <summary>spawn.h.</summary>
[Flags]
internal enum SpawnFlag
{
    POSIX_SPAWN_SETSIGDEF = 0x04,
    POSIX_SPAWN_SETSIGMASK = 0x08,
}

/// <summary>linux/reboot.h.</summary>
internal enum RebootCommand : uint
{
    LINUX_REBOOT_CMD_RESTART = 0x01234567,
    LINUX_REBOOT_CMD_POWER_OFF = 0x4321FEDC,
    LINUX_REBOOT_CMD_CAD_OFF = 0,
    LINUX_REBOOT_CMD_KEXEC = 0x45584543,
}

/// <summary>signal.h <c>siginfo_t</c> of SIGCHLD: the union begins with the child's pid.</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct ChildInfo
{
    [FieldOffset(16)]
    public int si_pid;
}

/// <summary>spawn.h <c>posix_spawn_file_actions_t</c>, opaque.</summary>
[StructLayout(LayoutKind.Explicit, Size = 80)]
internal struct SpawnFileActionsBuffer;

/// <summary>spawn.h <c>posix_spawnattr_t</c>, opaque.</summary>
[StructLayout(LayoutKind.Explicit, Size = 336)]
internal struct SpawnAttributesBuffer;

/// <summary>signal.h <c>sigset_t</c>, opaque.</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal struct SignalSetBuffer;
