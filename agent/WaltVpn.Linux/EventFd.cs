using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>eventfd(2): a flag one thread raises and another waits for in poll(2) or epoll(7).</summary>
public sealed partial class EventFd : IDisposable
{
    /// <summary>Readable while the flag is raised. Owned by this object.</summary>
    public FileDescriptor Descriptor { get; } = FileDescriptor.Own(Create(0, (int)(EventFdFlag.EFD_CLOEXEC | EventFdFlag.EFD_NONBLOCK)), "eventfd", "");

    /// <summary>Raises the flag. Any thread may.</summary>
    public void Raise()
    {
        ReadOnlySpan<ulong> one = [1];
        var written = Descriptor.TryWrite(MemoryMarshal.AsBytes(one));
        // EAGAIN: the counter is full, so the flag is already up.
        if (written is { Succeeded: false, WouldBlock: false }) throw new ErrnoException("write", "eventfd", written.Error!.Value);
    }

    /// <summary>Takes the flag down, so that it can be waited for again.</summary>
    public void Lower()
    {
        Span<ulong> count = stackalloc ulong[1];
        // EAGAIN: it was down.
        Descriptor.TryRead(MemoryMarshal.AsBytes(count));
    }

    public void Dispose() => Descriptor.Dispose();

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int Create(uint initial, int flags);
}

/// <summary>linux/eventfd.h.</summary>
[Flags]
internal enum EventFdFlag
{
    EFD_NONBLOCK = 0x800,
    EFD_CLOEXEC = 0x80000,
}
