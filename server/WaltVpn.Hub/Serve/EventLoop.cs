using WaltVpn.Linux;

namespace WaltVpn.Hub.Serve;

/// <summary>
/// One thread waits for all descriptors and calls who wanted to know. Everything in <c>serve</c> happens in it, so nothing there needs a lock.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    private readonly Epoll _epoll = new(256);
    private readonly EventFd _stop = new();
    private readonly Dictionary<ulong, Action<EpollEvents>> _handlers = [];
    private readonly TimeProvider _time;
    private readonly TimeSpan _tick;
    private ulong _lastKey;
    private bool _stopping;

    /// <param name="time">The clock of <paramref name="tick"/>.</param>
    /// <param name="tick">How often <see cref="Ticked"/> is raised.</param>
    public EventLoop(TimeProvider time, TimeSpan tick)
    {
        (_time, _tick) = (time, tick);
        Add(_stop.Descriptor, EpollEvents.EPOLLIN, _ => _stopping = true);
    }

    /// <summary>Raised in the loop's thread at least once per tick.</summary>
    public event Action? Ticked;

    /// <summary>Starts watching a descriptor.</summary>
    /// <returns>Key for <see cref="Change"/> and <see cref="Remove"/>.</returns>
    public ulong Add(FileDescriptor descriptor, EpollEvents events, Action<EpollEvents> handler)
    {
        var key = ++_lastKey;
        _epoll.Add(descriptor, events, key);
        _handlers.Add(key, handler);
        return key;
    }

    /// <summary>Waits for something else from now on.</summary>
    public void Change(ulong key, FileDescriptor descriptor, EpollEvents events) => _epoll.Modify(descriptor, events, key);

    /// <summary>Stops watching, before the descriptor is closed: another process may share what it refers to, and epoll would go on.</summary>
    public void Remove(ulong key, FileDescriptor descriptor)
    {
        // An event of this round for a key that is gone finds no handler.
        if (_handlers.Remove(key)) _epoll.Remove(descriptor);
    }

    /// <summary>Runs until <see cref="Stop"/>.</summary>
    public void Run()
    {
        var nextTick = _time.GetTimestamp();
        while (!_stopping)
        {
            var left = _tick - _time.GetElapsedTime(nextTick);
            var count = _epoll.Wait(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            for (var i = 0; i < count; i++)
            {
                var (events, key) = _epoll.Event(i);
                if (_handlers.TryGetValue(key, out var handler)) handler(events);
            }

            if (_time.GetElapsedTime(nextTick) < _tick) continue;
            nextTick = _time.GetTimestamp();
            Ticked?.Invoke();
        }
    }

    /// <summary>Ends <see cref="Run"/> after the event at hand. Any thread may.</summary>
    public void Stop() => _stop.Raise();

    public void Dispose()
    {
        _epoll.Dispose();
        _stop.Dispose();
    }
}
