namespace WaltVpn.Tunnel.Tests;

/// <summary>A clock that a test moves: what the machine lacks.</summary>
internal sealed class HandClock : TimeProvider
{
    private long _now;
    private DateTimeOffset _day = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public override DateTimeOffset GetUtcNow() => _day;

    /// <summary>Time passes.</summary>
    public void Advance(TimeSpan time)
    {
        _now += time.Ticks;
        _day += time;
    }

    /// <summary>Somebody sets the time of day.</summary>
    public void Jump(TimeSpan time) => _day += time;
}
