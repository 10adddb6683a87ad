using System.Runtime.CompilerServices;
using System.Threading.Channels;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Requests;

/// <summary>Tells everybody who listens about each change of a request: monitors, and nodes that wait for a decision.</summary>
internal sealed class RequestEvents
{
    /// <summary>A listener that lags further behind loses the oldest; a monitor that was told everything else still shows the state of now.</summary>
    private const int Backlog = 1024;

    private readonly Lock _lock = new();
    private readonly List<Channel<RequestView>> _listeners = [];

    /// <summary>Tells all listeners.</summary>
    public void Publish(RequestView request)
    {
        lock (_lock)
        {
            foreach (var listener in _listeners) listener.Writer.TryWrite(request);
        }
    }

    /// <summary>Begins to listen: what is published after this call is not missed.</summary>
    public Subscription Subscribe() => new(this);

    /// <summary>One listener; it stops listening at Dispose.</summary>
    internal sealed class Subscription : IDisposable
    {
        private readonly RequestEvents _events;
        private readonly Channel<RequestView> _channel =
            Channel.CreateBounded<RequestView>(new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropOldest });

        internal Subscription(RequestEvents events)
        {
            _events = events;
            lock (events._lock) events._listeners.Add(_channel);
        }

        /// <summary>Changes in order, until cancelled.</summary>
        public async IAsyncEnumerable<RequestView> Changes([EnumeratorCancellation] CancellationToken cancel)
        {
            await foreach (var change in _channel.Reader.ReadAllAsync(cancel)) yield return change;
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            lock (_events._lock) _events._listeners.Remove(_channel);
        }
    }
}
