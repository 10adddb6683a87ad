using WaltVpn.Protocol;

namespace WaltVpn.Agent.Life;

/// <summary>What the status LED shows, again and again: on and off in turn, milliseconds, on first. The table for installers is in docs/led.md.</summary>
internal static class LedPattern
{
    private const int Short = 200;
    private const int Long = 1000;
    private const int Pause = 1200;

    /// <summary>Asked by an operator: which board is it?</summary>
    public static readonly int[] Blink = [60, 60];

    /// <summary>On the platform's network.</summary>
    public static readonly int[] Online = [1900, 100];

    /// <summary>An error of ours: the board starts over.</summary>
    public static readonly int[] Failed = [Long, Long];

    /// <summary>As many short flashes as the stage's place in the boot; a long one before them when an attempt of it has failed.</summary>
    /// <param name="stages">The boot so far, in order; not empty.</param>
    public static int[] Of(IReadOnlyList<StageReport> stages)
    {
        var last = stages[^1];
        if (last.Outcome == StageOutcome.Failed) return Failed;
        if (last.Outcome == StageOutcome.Done || last.Stage == BootTimeline.Word(BootStage.Online)) return Online;
        int[] flashes = [.. Enumerable.Repeat(Short, (2 * Count(last.Stage)) - 1), Pause];
        return last.Tries > 1 ? [Long, 2 * Short, .. flashes] : flashes;
    }

    private static int Count(string stage) => stage switch
    {
        "startup" => 1,
        "network" => 2,
        "enrollment" => 3,
        "bootFiles" => 4,
        "tunnel" => 5,
        _ => 6,
    };
}
