using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>A system call failed: which one, on what, and the kernel's answer.</summary>
public sealed class ErrnoException : IOException
{
    /// <summary>Makes the exception of a call that has just failed with <paramref name="errno"/>.</summary>
    /// <param name="call">The call, as its man page is named.</param>
    /// <param name="subject">The object it was asked of: a path, an interface, a pid.</param>
    /// <param name="errno">The error, errno(3).</param>
    internal ErrnoException(string call, string subject, Errno errno)
        : base($"{call}({subject}): {errno}: {Marshal.GetPInvokeErrorMessage((int)errno)}") => Errno = errno;

    /// <summary>The kernel's answer.</summary>
    public Errno Errno { get; }

    /// <summary>Reads errno of the calling thread's last LibraryImport call with SetLastError, and makes the exception.</summary>
    internal static ErrnoException Last(string call, string subject) => new(call, subject, (Errno)Marshal.GetLastPInvokeError());
}
