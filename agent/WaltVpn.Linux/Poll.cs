using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>poll(2) over a fixed set of descriptors, which stay open at least as long as this object.</summary>
public sealed partial class Poll : IDisposable
{
    private readonly SafeHandle[] _handles;
    private readonly PollDescriptor[] _entries;

    /// <param name="watched">Descriptors and what to wait for on each; kept open, not owned.</param>
    public Poll(params ReadOnlySpan<(SafeHandle Handle, PollEvents Events)> watched)
    {
        _handles = new SafeHandle[watched.Length];
        _entries = new PollDescriptor[watched.Length];
        for (var i = 0; i < watched.Length; i++)
        {
            var held = false;
            watched[i].Handle.DangerousAddRef(ref held);
            _handles[i] = watched[i].Handle;
            _entries[i] = new PollDescriptor { fd = (int)watched[i].Handle.DangerousGetHandle(), events = (short)watched[i].Events };
        }
    }

    /// <summary>What happened to the descriptor of that place in the constructor's list, by the last <see cref="Wait"/>.</summary>
    public PollEvents this[int index] => (PollEvents)_entries[index].revents;

    /// <summary>Waits until something happens to one of them, again after EINTR.</summary>
    /// <param name="timeout">Null waits for ever; zero only looks. After EINTR it counts from the start.</param>
    /// <returns>False when the time passed.</returns>
    public bool Wait(TimeSpan? timeout = null)
    {
        var milliseconds = timeout is { } time ? (int)Math.Ceiling(time.TotalMilliseconds) : -1;
        while (true)
        {
            var count = PollOnce(_entries, (nuint)_entries.Length, milliseconds);
            if (count >= 0) return count > 0;
            if (Marshal.GetLastPInvokeError() != (int)Errno.EINTR) throw ErrnoException.Last("poll", $"{_entries.Length} descriptors");
        }
    }

    public void Dispose()
    {
        for (var i = 0; i < _handles.Length; i++)
        {
            if (_entries[i].fd < 0) continue;
            _entries[i].fd = -1;
            _handles[i].DangerousRelease();
        }
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int PollOnce(Span<PollDescriptor> entries, nuint count, int timeout);
}

/// <summary>asm-generic/poll.h.</summary>
[Flags]
public enum PollEvents
{
    None = 0,
    POLLIN = 0x1,
    POLLOUT = 0x4,
    POLLERR = 0x8,
    POLLHUP = 0x10,
    POLLNVAL = 0x20,
}

/// <summary>asm-generic/poll.h <c>struct pollfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    public int fd;
    public short events;
    public short revents;
}
