using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

// Names and values of the C headers; a test compiles them for x86-64 and arm64 and compares.

/// <summary>fcntl(2) commands: asm-generic/fcntl.h and linux/fcntl.h.</summary>
internal enum FcntlCommand
{
    F_GETFD = 1,
    F_GETFL = 3,
    F_SETFL = 4,
    F_SETPIPE_SZ = 1031,
    F_GETPIPE_SZ = 1032,
}

/// <summary>asm-generic/fcntl.h.</summary>
internal enum DescriptorFlag
{
    FD_CLOEXEC = 1,
}

/// <summary>open(2) flags: asm-generic/fcntl.h.</summary>
[Flags]
internal enum OpenFlag
{
    O_RDONLY = 0,
    O_WRONLY = 1,
    O_RDWR = 2,
    O_ACCMODE = 3,
    O_NONBLOCK = 0x800,
    O_CLOEXEC = 0x80000,
    O_PATH = 0x200000,
}

/// <summary>linux/fcntl.h.</summary>
internal enum AtFlag
{
    AT_FDCWD = -100,
    AT_SYMLINK_NOFOLLOW = 0x100,
    AT_EMPTY_PATH = 0x1000,
}

/// <summary>linux/stat.h.</summary>
internal enum StatxMask
{
    STATX_TYPE = 0x1,
    STATX_UID = 0x8,
}

/// <summary>linux/stat.h.</summary>
internal enum ModeMask
{
    S_IFMT = 0xF000,
}

/// <summary>linux/openat2.h.</summary>
internal enum ResolveFlag
{
    None = 0,
    RESOLVE_IN_ROOT = 0x10,
}

/// <summary>asm-generic/unistd.h: calls without a wrapper in libc.</summary>
internal enum SystemCall
{
    SYS_openat2 = 437,
}

/// <summary>linux/openat2.h <c>struct open_how</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenHow
{
    public ulong flags;
    public ulong mode;
    public ulong resolve;
}

/// <summary>linux/stat.h <c>struct statx</c>, only the members that are read.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatxBuffer
{
    [FieldOffset(20)]
    public uint stx_uid;

    [FieldOffset(28)]
    public ushort stx_mode;
}
