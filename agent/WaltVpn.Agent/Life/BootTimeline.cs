using WaltVpn.Protocol;

namespace WaltVpn.Agent.Life;

/// <summary>How far this boot came: each stage with when it began, how long it took, and why attempts failed. For any thread.</summary>
/// <param name="time">Its timestamps count from the kernel's start (CLOCK_MONOTONIC).</param>
internal sealed class BootTimeline(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<StageReport> _stages = [new() { Stage = Word(BootStage.Startup), Outcome = StageOutcome.UnderWay, At = Now(time), Tries = 1 }];

    /// <summary>Something of it is other than before. Raised without a lock.</summary>
    public event Action? Changed;

    /// <summary>All stages so far, in order.</summary>
    public IReadOnlyList<StageReport> Stages
    {
        get
        {
            lock (_gate) return [.. _stages];
        }
    }

    /// <summary>A stage as reports call it.</summary>
    public static string Word(BootStage stage) => char.ToLowerInvariant($"{stage}"[0]) + $"{stage}"[1..];

    /// <summary>Milliseconds since the kernel started.</summary>
    public static long Now(TimeProvider time) => (long)(time.GetTimestamp() * 1000.0 / time.TimestampFrequency);

    /// <summary>The stage under way is passed, and the next one begins.</summary>
    public void Enter(BootStage stage)
    {
        lock (_gate)
        {
            Close(StageOutcome.Done);
            _stages.Add(new StageReport { Stage = Word(stage), Outcome = StageOutcome.UnderWay, At = Now(time), Tries = 1 });
        }

        Changed?.Invoke();
    }

    /// <summary>The last stage is passed: the boot has come where it was to.</summary>
    public void Complete() => End(StageOutcome.Done);

    /// <summary>The boot ends here, before it came there.</summary>
    public void Fail(string why)
    {
        lock (_gate) _stages[^1] = _stages[^1] with { Why = NodeReport.Plain(why) };
        End(StageOutcome.Failed);
    }

    /// <summary>An attempt failed, and the next one is to come.</summary>
    /// <param name="stage">Of which stage; of one that is not under way it does not count.</param>
    /// <param name="why">What it said.</param>
    public void Retried(BootStage stage, string why)
    {
        lock (_gate)
        {
            var last = _stages[^1];
            if (last.Outcome != StageOutcome.UnderWay || last.Stage != Word(stage)) return;
            _stages[^1] = last with { Tries = last.Tries + 1, Why = NodeReport.Plain(why) };
        }

        Changed?.Invoke();
    }

    /// <summary>Something is to be said of what a stage brought, which was passed all the same.</summary>
    /// <param name="stage">Of which; one that was not entered is none.</param>
    /// <param name="text">What.</param>
    public void Remark(BootStage stage, string text)
    {
        lock (_gate)
        {
            var at = _stages.FindIndex(entry => entry.Stage == Word(stage));
            if (at < 0) return;
            _stages[at] = _stages[at] with { Why = NodeReport.Plain(text) };
        }

        Changed?.Invoke();
    }

    private void End(StageOutcome outcome)
    {
        lock (_gate) Close(outcome);
        Changed?.Invoke();
    }

    private void Close(StageOutcome outcome)
    {
        var last = _stages[^1];
        if (last.Outcome == StageOutcome.UnderWay) _stages[^1] = last with { Outcome = outcome, Took = Now(time) - last.At };
    }
}
