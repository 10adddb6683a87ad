using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>readv(2), writev(2): one call for two pieces of memory, such as a TAP's header and its frame.</summary>
public static partial class VectorTransfer
{
    /// <summary>Reads once, again after EINTR; the second piece gets what the first has no room for. An error comes back as a value.</summary>
    public static unsafe Transfer TryRead(FileDescriptor descriptor, Span<byte> first, Span<byte> second)
    {
        // Safe: both pieces are pinned while the kernel writes into them, at most as many bytes as they have.
        fixed (byte* one = first, two = second)
        {
            Span<IoVector> pieces = [Piece(one, first.Length), Piece(two, second.Length)];
            while (true)
            {
                if (Outcome(ReadOnce(descriptor, pieces, pieces.Length)) is { } transfer) return transfer;
            }
        }
    }

    /// <summary>Writes once, again after EINTR: first the one, then the other. An error comes back as a value.</summary>
    public static unsafe Transfer TryWrite(FileDescriptor descriptor, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        // Safe: the kernel only reads both pieces, which are pinned.
        fixed (byte* one = first, two = second)
        {
            Span<IoVector> pieces = [Piece(one, first.Length), Piece(two, second.Length)];
            while (true)
            {
                if (Outcome(WriteOnce(descriptor, pieces, pieces.Length)) is { } transfer) return transfer;
            }
        }
    }

    private static unsafe IoVector Piece(byte* start, int length) => new() { iov_base = (nint)start, iov_len = (nuint)length };

    // Null: a signal came in between.
    private static Transfer? Outcome(nint count)
    {
        if (count >= 0) return new Transfer((int)count, null);
        var error = (Errno)Marshal.GetLastPInvokeError();
        return error == Errno.EINTR ? null : new Transfer(0, error);
    }

    [LibraryImport("libc", EntryPoint = "readv", SetLastError = true)]
    private static partial nint ReadOnce(FileDescriptor descriptor, Span<IoVector> pieces, int count);

    [LibraryImport("libc", EntryPoint = "writev", SetLastError = true)]
    private static partial nint WriteOnce(FileDescriptor descriptor, ReadOnlySpan<IoVector> pieces, int count);
}
