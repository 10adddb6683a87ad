namespace WaltVpn.Agent.HandOff;

/// <summary>How long a node tries for its root, and when it starts over as the last resort.</summary>
/// <remarks>
/// <code>
/// 0 ─── every second ─── rootdelay (180 s) ─── back-off, up to 60 s ─── restart after 5 min, 10 min, 20 min … 6 h more
/// </code>
/// A restart may mend a device or a driver that hangs; more often the platform is away, and then restarts that come ever later cost little.
/// </remarks>
/// <param name="rootDelay">How long it asks every second.</param>
/// <param name="restartsBefore">Restarts in a row for this reason.</param>
internal sealed class RootPatience(TimeSpan rootDelay, int restartsBefore)
{
    private static readonly TimeSpan First = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(6);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private const int EnoughDoublings = 10;

    private readonly Backoff _backoff = new();

    /// <summary>Every second, until then.</summary>
    public TimeSpan RootDelay => rootDelay;

    /// <summary>After <see cref="RootDelay"/>, until the restart.</summary>
    public TimeSpan BeforeRestart { get; } = First * (1 << Math.Clamp(restartsBefore, 0, EnoughDoublings)) is var delay && delay < Longest ? delay : Longest;

    /// <summary>How long to wait before the next attempt; null: it is time to restart.</summary>
    /// <param name="elapsed">Since the first attempt of this boot.</param>
    public TimeSpan? Next(TimeSpan elapsed)
    {
        if (elapsed < rootDelay) return Soon;
        return elapsed < rootDelay + BeforeRestart ? _backoff.Next() : null;
    }
}
