namespace WaltVpn.Hub.Serve;

/// <summary>How much one node may report (docs/security.md L2-10): some at once, then two a second. A node of ours waits for an answer to each.</summary>
/// <param name="time">The clock; monotonic timestamps only.</param>
internal sealed class ReportRate(TimeProvider time)
{
    /// <summary>Reports at once.</summary>
    public const int Burst = 16;

    private const double PerSecond = 2;

    private double _left = Burst;
    private long _at = time.GetTimestamp();

    /// <summary>One more.</summary>
    /// <returns>False: too many.</returns>
    public bool Allows()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(Burst, _left + (time.GetElapsedTime(_at, now).TotalSeconds * PerSecond));
        _at = now;
        if (_left < 1) return false;
        _left--;
        return true;
    }
}
