using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>getrandom(2).</summary>
public static partial class GetRandom
{
    /// <summary>Fills the buffer from the kernel's generator. At boot it blocks until the generator is seeded: this is how to wait for it.</summary>
    /// <param name="buffer">At most 256 bytes, which the kernel fills whole and uninterrupted.</param>
    /// <exception cref="ErrnoException">ENOSYS before Linux 3.17.</exception>
    public static void Fill(Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(buffer.Length, 256);
        while (true)
        {
            var got = GetRandomCall(buffer, (nuint)buffer.Length, 0);
            if (got == buffer.Length) return;
            // EINTR comes only from the wait for the seed; a signal may arrive during it.
            if (got < 0 && Marshal.GetLastPInvokeError() != (int)Errno.EINTR) throw ErrnoException.Last("getrandom", $"{buffer.Length} bytes");
        }
    }

    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static partial nint GetRandomCall(Span<byte> buffer, nuint length, uint flags);
}
