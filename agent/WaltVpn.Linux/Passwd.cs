using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>getpwnam_r(3): users of this machine.</summary>
public static partial class Passwd
{
    // sysconf(_SC_GETPW_R_SIZE_MAX) is 1024 with glibc, only a first guess; entries from a directory service can be longer.
    private const int TextSize = 16 * 1024;

    /// <summary>The uid of a user.</summary>
    /// <returns>Null when there is no such user.</returns>
    /// <exception cref="ErrnoException">The user database could not be read.</exception>
    public static unsafe uint? UserId(string name)
    {
        var text = new byte[TextSize];
        PasswdRecord record;
        nint found;
        int error;
        // Safe: the call writes one struct passwd and at most TextSize bytes, and keeps no pointer; nothing here follows the record's pointers.
        fixed (byte* buffer = text) error = GetByName(name, &record, buffer, TextSize, &found);
        if (error != 0) throw new ErrnoException("getpwnam_r", name, (Errno)error);
        return found == 0 ? null : record.pw_uid;
    }

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int GetByName(string name, PasswdRecord* record, byte* buffer, nuint size, nint* found);
}

/// <summary>pwd.h <c>struct passwd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PasswdRecord
{
    public nint pw_name;
    public nint pw_passwd;
    public uint pw_uid;
    public uint pw_gid;
    public nint pw_gecos;
    public nint pw_dir;
    public nint pw_shell;
}
