using WaltVpn.Protocol;

namespace WaltVpn.Agent.Life;

/// <summary>Hands log and timeline over to the server, a part at a time, each when the one before is kept: docs/protocol.md "Reports".</summary>
/// <param name="journal">Of this boot.</param>
/// <param name="boot">Of this boot: 32 hexadecimal digits.</param>
/// <param name="tell">Says a word through the tunnel; false: there is none now that takes it.</param>
/// <param name="time">The clock.</param>
internal sealed class ReportSender(NodeJournal journal, string boot, Func<TunnelControl, bool> tell, TimeProvider time)
{
    // Of a control record's 64 KiB; what JSON writes in six characters instead of one is counted so.
    private const int Room = 48 * 1024;
    private const int PerLine = 80;

    /// <summary>How long the server may take; then it is said again.</summary>
    public static readonly TimeSpan ForAnswer = TimeSpan.FromSeconds(30);

    // The server takes two a second, and other nodes have their own.
    private static readonly TimeSpan s_between = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private long _number;
    private long _awaited = -1;
    private TaskCompletionSource? _kept;

    /// <summary>This boot, with everything that is still there of it, as it is written to a card.</summary>
    public NodeReport Whole => new() { Boot = boot, Number = 0, Image = Image, Stages = journal.Timeline.Stages, Lines = journal.Lines(-1) };

    /// <summary>
    /// The stages of this boot are told, too. Not of a process that began anew beside a living system, which has gone through some of them again.
    /// </summary>
    public bool TellsStages { get; init; } = true;

    /// <summary>What this boot was started from; null: what the card itself holds.</summary>
    public RunningImage? Image { get; set; }

    /// <summary>Hears the server's answers.</summary>
    public void Hear(TunnelControl word)
    {
        if (word is not { Kind: TunnelControl.ReportKept, Number: { } number }) return;
        lock (_gate)
        {
            if (number == _awaited) _kept?.TrySetResult();
        }
    }

    /// <summary>Goes on for the whole life of the node.</summary>
    /// <param name="lost">Boots of before, the oldest first.</param>
    /// <param name="isKept">Called when the server has all of them, and the first of this boot.</param>
    /// <param name="stopping">The machine goes down.</param>
    public async Task Run(IReadOnlyList<NodeReport> lost, Action isKept, CancellationToken stopping)
    {
        foreach (var before in lost)
        {
            var rest = before.Lines;
            do
            {
                var part = Part(rest);
                await Send(before with { Now = null, Lines = part, Stages = Ended(before.Stages) }, stopping);
                rest = [.. rest.Skip(part.Count)];
            }
            while (rest.Count > 0);
        }

        await TellThisBoot(isKept, stopping);
    }

    private async Task TellThisBoot(Action isKept, CancellationToken stopping)
    {
        IReadOnlyList<StageReport>? told = null;
        while (!stopping.IsCancellationRequested)
        {
            var (added, stages, part) = (journal.Added, TellsStages ? journal.Timeline.Stages : [], Part(journal.Lines(-1)));
            if (part.Count == 0 && told is not null && stages.SequenceEqual(told))
            {
                await added.WaitAsync(stopping);
                // Lines come in bursts.
                await Task.Delay(s_between, time, stopping);
                continue;
            }

            await Send(new NodeReport { Boot = boot, Number = 0, Now = BootTimeline.Now(time), Image = Image, Stages = stages, Lines = part }, stopping);
            if (told is null) isKept();
            told = stages;
            if (part.Count > 0) journal.Forget(part[^1].Number);
        }
    }

    // A boot that a power cut ended could not say so itself.
    private static StageReport[] Ended(IReadOnlyList<StageReport> stages) =>
        [.. stages.Select(stage => stage.Outcome == StageOutcome.UnderWay ? stage with { Outcome = StageOutcome.Failed } : stage)];

    private static List<NodeLogLine> Part(IReadOnlyList<NodeLogLine> lines)
    {
        var part = new List<NodeLogLine>();
        var size = 0;
        foreach (var line in lines.Take(NodeReport.MostLines))
        {
            size += PerLine + line.Text.Sum(c => char.IsAsciiLetterOrDigit(c) || c == ' ' ? 1 : 6);
            if (size > Room) break;
            part.Add(line);
        }

        return part;
    }

    private async Task Send(NodeReport report, CancellationToken stopping)
    {
        while (true)
        {
            TaskCompletionSource kept;
            lock (_gate) (_awaited, kept) = (++_number, _kept = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            // The hub takes two a second (docs/security.md L2-10).
            var pause = Task.Delay(s_between, time, stopping);
            if (tell(new TunnelControl { Kind = TunnelControl.NodeReports, Report = report with { Number = _number } })
                && await Task.WhenAny(kept.Task, Task.Delay(ForAnswer, time, stopping)) == kept.Task)
            {
                await pause;
                return;
            }

            // No tunnel, one of version 0, a server that takes none, or an answer that was lost.
            await pause;
        }
    }
}
