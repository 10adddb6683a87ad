using System.Net;

namespace WaltVpn.Server.Http;

/// <summary>Tells the log that somebody was refused for asking too much: once a minute at most, so that a flood is one line.</summary>
internal sealed class Refusals(ILogger<Refusals> log, TimeProvider time)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private DateTimeOffset _next;
    private long _untold;

    /// <param name="address">Who was refused.</param>
    /// <param name="limit">What it was too much for.</param>
    public void Say(IPAddress address, string limit)
    {
        long before;
        lock (_lock)
        {
            if (time.GetUtcNow() < _next)
            {
                _untold++;
                return;
            }

            (before, _untold, _next) = (_untold, 0, time.GetUtcNow() + Quiet);
        }

        log.TooMuch(address, limit, before);
    }
}
