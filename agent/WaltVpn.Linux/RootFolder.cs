using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>A folder that is to become a root file system, seen from outside: chroot(2), and openat2(2) for its paths.</summary>
public static partial class RootFolder
{
    /// <summary>What stands at a path of it, where symbolic links lead as they will when it is the root; null: nothing.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="path">Absolute, as it will be.</param>
    /// <exception cref="ErrnoException">It cannot be found out.</exception>
    public static FileType? TypeOf(string folder, string path)
    {
        using var root = Open((int)AtFlag.AT_FDCWD, folder, ResolveFlag.None);
        try
        {
            using var file = Open(root.Number, path, ResolveFlag.RESOLVE_IN_ROOT);
            return file.Type;
        }
        catch (ErrnoException missing) when (missing.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            return null;
        }
    }

    /// <summary>User id of the folder's owner.</summary>
    public static uint OwnerOf(string folder)
    {
        using var root = Open((int)AtFlag.AT_FDCWD, folder, ResolveFlag.None);
        return root.Owner;
    }

    /// <summary>MAKES A FOLDER THE ROOT OF THIS PROCESS, all its threads, and the kernel's own helpers, if this process is PID 1.</summary>
    public static void Enter(string folder)
    {
        if (Chroot(folder) != 0) throw ErrnoException.Last("chroot", folder);
    }

    private static unsafe FileDescriptor Open(int directory, string path, ResolveFlag resolve)
    {
        var how = new OpenHow { flags = (ulong)(OpenFlag.O_PATH | OpenFlag.O_CLOEXEC), resolve = (ulong)resolve };
        // Safe: the kernel reads sizeof(struct open_how) bytes. glibc has no wrapper; the number is the same on every architecture (it is above 402).
        return FileDescriptor.Own((int)OpenAt2((long)SystemCall.SYS_openat2, directory, path, &how, (nuint)sizeof(OpenHow)), "openat2", path);
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial long OpenAt2(long number, int directory, string path, OpenHow* how, nuint size);

    [LibraryImport("libc", EntryPoint = "chroot", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Chroot(string path);
}
