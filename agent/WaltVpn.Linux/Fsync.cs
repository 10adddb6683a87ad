using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>fsync(2) of a directory, which .NET's file classes cannot open.</summary>
public static partial class Fsync
{
    /// <summary>Makes a rename in the directory last through a power cut.</summary>
    /// <exception cref="ErrnoException">The directory cannot be opened or written back.</exception>
    public static void Directory(string path)
    {
        var descriptor = Open(path, (int)(OpenFlag.O_RDONLY | OpenFlag.O_CLOEXEC));
        if (descriptor < 0) throw ErrnoException.Last("open", path);
        try
        {
            if (FsyncCall(descriptor) != 0) throw ErrnoException.Last("fsync", path);
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FsyncCall(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
