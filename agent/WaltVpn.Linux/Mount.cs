using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>Flags of mount(2), from sys/mount.h (linux/mount.h).</summary>
[Flags]
public enum MountFlags : ulong
{
    None = 0,
    MS_RDONLY = 1,
    MS_NOSUID = 2,
    MS_NODEV = 4,
    MS_NOEXEC = 8,
    MS_REMOUNT = 32,
    MS_NOATIME = 1024,
    MS_MOVE = 8192,
}

/// <summary>Flags of umount(2), from sys/mount.h.</summary>
internal enum UnmountFlag
{
    None = 0,
    MNT_DETACH = 2,
}

/// <summary>mount(2) and umount(2).</summary>
public static partial class Mount
{
    /// <summary>Attaches a file system.</summary>
    /// <param name="source">Device, or the type's name for a virtual file system.</param>
    /// <param name="target">An existing directory.</param>
    /// <param name="type">File system type, as in /proc/filesystems; its module is loaded by the kernel when absent.</param>
    /// <param name="flags">See <see cref="MountFlags"/>.</param>
    /// <param name="data">Options of the file system itself, comma separated; empty for none.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static void Attach(string source, string target, string type, MountFlags flags, string data = "")
    {
        if (MountCall(source, target, type, (nuint)flags, data) != 0) throw ErrnoException.Last("mount", $"{source} on {target} as {type}");
    }

    /// <summary>Changes the flags of what is mounted on a directory.</summary>
    /// <exception cref="ErrnoException">The kernel refused, e.g. EBUSY when a file is open for writing.</exception>
    public static void Remount(string target, MountFlags flags)
    {
        if (MountCall("none", target, null, (nuint)(flags | MountFlags.MS_REMOUNT), null) != 0) throw ErrnoException.Last("mount", $"remount {target}");
    }

    /// <summary>Moves a mount, with all that is mounted below it, to another directory.</summary>
    /// <param name="source">Where it is mounted.</param>
    /// <param name="target">An existing directory; <c>/</c> lays it over the first root file system, which cannot be unmounted.</param>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static void Move(string source, string target)
    {
        if (MountCall(source, target, null, (nuint)MountFlags.MS_MOVE, null) != 0) throw ErrnoException.Last("mount", $"move {source} to {target}");
    }

    /// <summary>Detaches what is mounted on a directory.</summary>
    /// <exception cref="ErrnoException">The kernel refused, e.g. EBUSY.</exception>
    public static void Detach(string target) => Detach(target, UnmountFlag.None);

    /// <summary>Takes a mount, with all that is mounted below it, out of sight at once; the kernel lets go of it when nobody uses it any more.</summary>
    public static void DetachLazily(string target) => Detach(target, UnmountFlag.MNT_DETACH);

    private static void Detach(string target, UnmountFlag flag)
    {
        if (Umount2(target, (int)flag) != 0) throw ErrnoException.Last("umount", target);
    }

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MountCall(string source, string target, string? type, nuint flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Umount2(string target, int flags);
}
