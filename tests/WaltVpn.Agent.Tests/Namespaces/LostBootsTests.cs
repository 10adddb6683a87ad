using System.Diagnostics;
using Shouldly;
using WaltVpn.Agent.Life;
using WaltVpn.Agent.Startup;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>Boots that never reached the server, kept on a state partition (a tmpfs stands for it) for the one that does.</summary>
public sealed class LostBootsTests : IDisposable
{
    private readonly string _mountPoint = Directory.CreateTempSubdirectory("waltvpn-state").FullName;
    private readonly StatePartition _state;
    private readonly RecordingLog _log = new();

    public LostBootsTests()
    {
        Run("mount", "-t", "tmpfs", "tmpfs", _mountPoint);
        _state = StatePartition.At(_mountPoint);
        Run("mount", "-o", "remount,ro", _mountPoint);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        // What another test starts at this very moment may still have its files open.
        Run("umount", "--lazy", _mountPoint);
        Directory.Delete(_mountPoint);
    }

    [Fact]
    public void LastThreeAreKeptAndGoneWhenTheServerHasThem()
    {
        for (var boot = 1; boot <= 5; boot++)
        {
            var lost = new LostBoots(_state, _log);
            // Twice in one boot: the second takes the place of the first.
            lost.Write(Boot(boot, "early"));
            lost.Write(Boot(boot, "late"));
        }

        var next = new LostBoots(_state, _log);
        next.Read().Select(boot => (boot.Boot[^1], boot.Lines[0].Text)).ShouldBe([('3', "late"), ('4', "late"), ('5', "late")]);
        next.Clear();
        next.Read().ShouldBeEmpty();
        Directory.GetFiles(_mountPoint).ShouldBeEmpty();
        _log.Lines.ShouldBeEmpty();
    }

    [Fact]
    public void LongLogIsKeptWithItsBeginningAndItsEnd()
    {
        var lines = Enumerable.Range(0, 5000).Select(i => new NodeLogLine { Number = i, At = i, Stage = "network", Text = $"line {i}" }).ToList();
        new LostBoots(_state, _log).Write(Boot(1, "") with { Lines = lines });
        new FileInfo(Path.Combine(_mountPoint, "lost-boot-1")).Length.ShouldBeLessThan(LostBoots.LongestBoot + 100);
        var kept = new LostBoots(_state, _log).Read().ShouldHaveSingleItem().Lines;
        (kept[0].Number, kept[^1].Number).ShouldBe((0, 4999));
        kept.Count.ShouldBeInRange(300, 4999);
    }

    [Fact]
    public void DamagedOneIsNoneAndSaid()
    {
        new LostBoots(_state, _log).Write(Boot(1, "x"));
        new LostBoots(_state, _log).Write(Boot(2, "x"));
        _state.Write(() => File.AppendAllText(Path.Combine(_mountPoint, "lost-boot-2"), "x"));
        new LostBoots(_state, _log).Read().ShouldHaveSingleItem().Boot.ShouldEndWith("2");
        _log.Lines.ShouldHaveSingleItem().ShouldContain("lost-boot-2");
    }

    [Fact]
    public async Task BootIsWrittenEverLessOftenUntilItHasReachedTheServer()
    {
        var (time, written, reached) = (new ImpatientTime(), 0, new TaskCompletionSource());
        await new LostBoots(_state, _log).Watch(
            () =>
            {
                if (++written == 12) reached.SetResult();
                return Boot(1, $"write {written}");
            },
            reached.Task,
            time,
            Cancellation).WaitAsync(TimeSpan.FromSeconds(60), Cancellation);
        time.Waits.Take(12).Select(wait => wait.TotalMinutes).ShouldBe([10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440, 1440, 1440]);
        written.ShouldBe(12);
    }

    [Fact]
    public async Task TimeThatAServerToldIsTheFloorOfTheNextBoot()
    {
        var told = DateTimeOffset.UtcNow.AddYears(1);
        var first = new NodeClock(TimeProvider.System, _ => { }, _log);
        first.Recall(_state);
        first.Hear(new TunnelControl { Kind = TunnelControl.ReportKept, Number = 1, Time = told.ToUnixTimeSeconds() });
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (!File.Exists(Path.Combine(_mountPoint, "last-time"))) await Task.Delay(TimeSpan.FromMilliseconds(20), deadline.Token);
        var set = DateTimeOffset.MinValue;
        new NodeClock(TimeProvider.System, time => set = time, _log).Recall(_state);
        set.ToUnixTimeSeconds().ShouldBe(told.ToUnixTimeSeconds());
        // A server whose clock was wrong, and was put right, is believed again: what is kept is the last word, not the highest.
        var repaired = told.AddMonths(-6);
        var second = new NodeClock(TimeProvider.System, _ => { }, _log);
        second.Recall(_state);
        second.Hear(new TunnelControl { Kind = TunnelControl.ReportKept, Number = 1, Time = repaired.ToUnixTimeSeconds() });
        while (await File.ReadAllTextAsync(Path.Combine(_mountPoint, "last-time"), Cancellation) != $"{repaired.ToUnixTimeSeconds()}")
            await Task.Delay(TimeSpan.FromMilliseconds(20), deadline.Token);
        // What is no time is no floor.
        _state.Write(() => File.WriteAllText(Path.Combine(_mountPoint, "last-time"), "99999999999999"));
        new NodeClock(TimeProvider.System, _ => throw new InvalidOperationException("set"), _log).Recall(_state);
    }

    [Fact]
    public void NodeWithoutACardKeepsNothing()
    {
        var folder = Directory.CreateTempSubdirectory("waltvpn-memory").FullName;
        var lost = new LostBoots(StatePartition.InMemory(folder), _log);
        lost.Write(Boot(1, "x"));
        lost.Read().ShouldBeEmpty();
        Directory.GetFiles(folder).ShouldBeEmpty();
        Directory.Delete(folder);
    }

    private static NodeReport Boot(int number, string text) => new()
    {
        Boot = $"{number:x32}",
        Number = 0,
        Stages = [new StageReport { Stage = "network", Outcome = StageOutcome.UnderWay, At = 1, Tries = 9, Why = "no carrier" }],
        Lines = [new NodeLogLine { Number = 1, At = 1, Stage = "network", Text = text }],
    };

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{program} {string.Join(' ', arguments)}");
    }
}
