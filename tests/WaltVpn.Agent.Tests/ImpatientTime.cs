namespace WaltVpn.Agent.Tests;

/// <summary>A clock whose timers fire at once and which remembers what was asked of it.</summary>
internal sealed class ImpatientTime : TimeProvider
{
    public List<TimeSpan> Waits { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waits.Add(dueTime);
        return System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
