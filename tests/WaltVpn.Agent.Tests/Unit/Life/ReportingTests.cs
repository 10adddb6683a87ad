using System.Collections.Concurrent;
using Shouldly;
using WaltVpn.Agent.Life;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Life;

/// <summary>Log and timeline of a boot: what is kept of them, and how they go to the server.</summary>
public sealed class ReportingTests
{
    private const string Boot = "0123456789abcdef0123456789abcdef";
    private static readonly TimeSpan s_deadline = TimeSpan.FromSeconds(30);
    private readonly RecordingLog _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void TimelineHasEachStageWithItsTriesAndTheLastReason()
    {
        var journal = new NodeJournal(_log, TimeProvider.System);
        var progress = new BootProgress(journal, journal.Timeline);
        progress.MoveTo(BootStage.Network, "settings read");
        journal.Retry(BootStage.Network, "no carrier\non eth0");
        journal.Retry(BootStage.Network, "no DHCP answer \u001b[2J");
        journal.Retry(BootStage.Tunnel, "of another stage");
        progress.MoveTo(BootStage.Enrollment, "up");
        journal.Timeline.Stages.Select(stage => (stage.Stage, stage.Outcome, stage.Tries, stage.Why, stage.Took is not null)).ShouldBe(
        [
            ("startup", StageOutcome.Done, 1L, null, true),
            ("network", StageOutcome.Done, 3L, "no DHCP answer ?[2J", true),
            ("enrollment", StageOutcome.UnderWay, 1L, null, false),
        ]);
        journal.Timeline.Fail("internal error");
        journal.Timeline.Stages[^1].Outcome.ShouldBe(StageOutcome.Failed);
        journal.Timeline.Stages.Zip(journal.Timeline.Stages.Skip(1)).ShouldAllBe(pair => pair.First.At <= pair.Second.At);
        // What the console shows is what it showed before.
        _log.Lines.ShouldContain("warning Network: no carrier\non eth0");
        new NodeReport { Boot = Boot, Number = 1, Stages = journal.Timeline.Stages, Lines = journal.Lines(-1) }.IsValid.ShouldBeTrue();
    }

    [Fact]
    public void OfALongLogTheFirstLinesAndTheLastOnesStay()
    {
        var journal = new NodeJournal(_log, TimeProvider.System);
        for (var i = 0; i < 5000; i++) journal.Info(BootStage.Tunnel, $"line {i}");
        var lines = journal.Lines(-1);
        lines[0].Text.ShouldBe("line 0");
        lines[^1].Text.ShouldBe("line 4999");
        lines.Sum(line => line.Text.Length).ShouldBeLessThan(NodeJournal.FirstCharacters + NodeJournal.LastCharacters);
        lines.Count.ShouldBeInRange(500, 4999);
        lines.Zip(lines.Skip(1)).ShouldAllBe(pair => pair.First.Number < pair.Second.Number);
        journal.Forget(lines[^1].Number);
        journal.Lines(-1).ShouldBeEmpty();
        journal.Info(BootStage.Tunnel, "later");
        journal.Lines(lines[^1].Number).ShouldHaveSingleItem().Text.ShouldBe("later");
    }

    [Fact]
    public async Task EveryLineComesOnceHoweverOftenWordsAreLost()
    {
        var journal = new NodeJournal(_log, TimeProvider.System);
        for (var i = 0; i < 1000; i++) journal.Info(BootStage.Startup, $"early {i}");
        var server = new LossyServer();
        var image = new RunningImage { Epoch = 3, Built = 1_800_000_000, Sha256 = new string('a', 64) };
        var sender = new ReportSender(journal, Boot, server.Take, new ImpatientTime()) { Image = image };
        server.Kept += sender.Hear;
        var before = sender.Whole with { Boot = Boot.Replace('0', 'f'), Lines = journal.Lines(-1) };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var (run, cleared) = (sender.Run([before], () => server.Cleared.TrySetResult(), stop.Token), server.Cleared.Task);
        await cleared.WaitAsync(s_deadline, Cancellation);
        journal.Info(BootStage.Online, "the last one");
        await server.Has("the last one").WaitAsync(s_deadline, Cancellation);
        await stop.CancelAsync();
        await run.ContinueWith(_ => { }, TaskScheduler.Default);

        server.Reports.ShouldAllBe(report => report.IsValid && report.Image == image);
        server.Lines(before.Boot).ShouldBe(Enumerable.Range(0, 1000).Select(i => $"early {i}"));
        server.Lines(Boot).ShouldBe([.. Enumerable.Range(0, 1000).Select(i => $"early {i}"), "the last one"]);
        // A boot that never came to the server ended where it stood; this one goes on.
        server.Reports.Where(report => report.Boot == before.Boot).ShouldAllBe(report => report.Now == null && report.Stages[0].Outcome == StageOutcome.Failed);
        server.Reports.Last().Stages.ShouldHaveSingleItem().Outcome.ShouldBe(StageOutcome.UnderWay);
    }

    /// <summary>Takes every third word, and of its answers every second one is lost.</summary>
    private sealed class LossyServer
    {
        private readonly TaskCompletionSource _has = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _words;
        private string? _awaited;

        public event Action<TunnelControl>? Kept;

        public TaskCompletionSource Cleared { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<NodeReport> Reports { get; } = [];

        public Task Has(string text)
        {
            _awaited = text;
            return _has.Task;
        }

        /// <summary>Lines as a database keeps them: each number once.</summary>
        public IEnumerable<string> Lines(string boot) =>
            Reports.Where(report => report.Boot == boot).SelectMany(report => report.Lines).DistinctBy(line => line.Number).OrderBy(line => line.Number).Select(line => line.Text);

        public bool Take(TunnelControl word)
        {
            _words++;
            if (_words % 3 == 0) return false;
            Reports.Enqueue(word.Report!);
            if (_words % 3 == 1) Kept?.Invoke(new TunnelControl { Kind = TunnelControl.ReportKept, Number = word.Report!.Number });
            if (word.Report!.Lines.Any(line => line.Text == _awaited) && _words % 3 == 1) _has.TrySetResult();
            return true;
        }
    }
}
