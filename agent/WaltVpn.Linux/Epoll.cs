using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>epoll(7), level-triggered unless asked otherwise: one thread waits for many descriptors, each known by a number of the caller's.</summary>
public sealed partial class Epoll : IDisposable
{
    private readonly FileDescriptor _epoll = FileDescriptor.Own(Create((int)EpollFlag.EPOLL_CLOEXEC), "epoll_create1", "");
    private readonly byte[] _raw;
    private readonly EpollEventLayout _layout = EpollEventLayout.For(RuntimeInformation.ProcessArchitecture);

    /// <param name="capacity">Most events that one <see cref="Wait"/> returns.</param>
    public Epoll(int capacity) => _raw = new byte[capacity * _layout.Size];

    /// <summary>Starts watching. The kernel forgets the descriptor when its last copy is closed.</summary>
    /// <param name="descriptor">Not owned.</param>
    /// <param name="events">What to wait for.</param>
    /// <param name="key">Comes back with each event.</param>
    public void Add(FileDescriptor descriptor, EpollEvents events, ulong key) => Change(EpollOperation.EPOLL_CTL_ADD, descriptor, events, key);

    /// <summary>Watches for something else from now on.</summary>
    public void Modify(FileDescriptor descriptor, EpollEvents events, ulong key) => Change(EpollOperation.EPOLL_CTL_MOD, descriptor, events, key);

    /// <summary>Stops watching. Needed before closing a descriptor whose description another process shares.</summary>
    public void Remove(FileDescriptor descriptor) => Change(EpollOperation.EPOLL_CTL_DEL, descriptor, 0, 0);

    /// <summary>Waits for events, again after EINTR.</summary>
    /// <param name="timeout">Null waits for ever.</param>
    /// <returns>How many there are; read them with <see cref="Event"/>.</returns>
    public int Wait(TimeSpan? timeout = null)
    {
        var milliseconds = timeout is { } time ? (int)Math.Ceiling(time.TotalMilliseconds) : -1;
        while (true)
        {
            var count = WaitOnce(_epoll, _raw, _raw.Length / _layout.Size, milliseconds);
            if (count >= 0) return count;
            if (Marshal.GetLastPInvokeError() != (int)Errno.EINTR) throw ErrnoException.Last("epoll_wait", "");
        }
    }

    /// <summary>An event of the last <see cref="Wait"/>.</summary>
    /// <param name="index">0 up to the number that it returned.</param>
    public (EpollEvents Events, ulong Key) Event(int index)
    {
        var raw = _raw.AsSpan(index * _layout.Size, _layout.Size);
        return ((EpollEvents)MemoryMarshal.Read<uint>(raw), MemoryMarshal.Read<ulong>(raw[_layout.DataOffset..]));
    }

    public void Dispose() => _epoll.Dispose();

    private void Change(EpollOperation operation, FileDescriptor descriptor, EpollEvents events, ulong key)
    {
        Span<byte> raw = stackalloc byte[EpollEventLayout.LargestSize];
        raw.Clear();
        MemoryMarshal.Write(raw, (uint)events);
        MemoryMarshal.Write(raw[_layout.DataOffset..], key);
        if (Control(_epoll, (int)operation, descriptor, raw) < 0) throw ErrnoException.Last("epoll_ctl", $"{operation}, descriptor {descriptor.Number}");
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int Control(FileDescriptor epoll, int operation, FileDescriptor descriptor, Span<byte> change);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int WaitOnce(FileDescriptor epoll, Span<byte> events, int capacity, int timeout);
}

/// <summary>linux/eventpoll.h.</summary>
[Flags]
public enum EpollEvents : uint
{
    None = 0,
    EPOLLIN = 0x1,
    EPOLLOUT = 0x4,
    EPOLLERR = 0x8,
    EPOLLHUP = 0x10,
}

/// <summary>linux/eventpoll.h.</summary>
internal enum EpollOperation
{
    EPOLL_CTL_ADD = 1,
    EPOLL_CTL_DEL = 2,
    EPOLL_CTL_MOD = 3,
}

/// <summary>linux/eventpoll.h.</summary>
internal enum EpollFlag
{
    EPOLL_CLOEXEC = 0x80000,
}

/// <summary>linux/eventpoll.h <c>struct epoll_event</c>: packed on x86-64 only, so size and place of its second member depend on the machine.</summary>
internal readonly record struct EpollEventLayout(int Size, int DataOffset)
{
    public const int LargestSize = 16;

    public static EpollEventLayout For(Architecture architecture) => architecture == Architecture.X64 ? new(12, 4) : new(16, 8);
}
