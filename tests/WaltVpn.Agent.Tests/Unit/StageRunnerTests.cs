using Shouldly;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit;

public sealed class StageRunnerTests
{
    [Fact]
    public async Task AStageThatFailsIsTriedAgainUntilItWorksAndSaysWhyEachTime()
    {
        var log = new RecordingLog();
        var attempts = 0;
        var result = await new StageRunner(log, new ImpatientTime()).UntilDone(BootStage.Network,
            _ => ++attempts < 4 ? throw new StageException($"no cable, attempt {attempts}.") : Task.FromResult("up"), TestContext.Current.CancellationToken);
        result.ShouldBe("up");
        log.Lines.Count.ShouldBe(3);
        log.Lines[1].ShouldStartWith("warning Network: no cable, attempt 2. Trying again in ");
    }

    [Fact]
    public async Task AWaitTheServerAskedForIsKept()
    {
        var log = new RecordingLog();
        var time = new ImpatientTime();
        var attempts = 0;
        await new StageRunner(log, time).UntilDone(BootStage.Enrollment,
            _ => ++attempts < 2 ? throw new StageException("pending.") { RetryAfter = TimeSpan.FromSeconds(30) } : Task.FromResult(0),
            TestContext.Current.CancellationToken);
        time.Waits.ShouldHaveSingleItem().TotalSeconds.ShouldBeInRange(30, 45);
    }

    [Fact]
    public async Task AProgrammingErrorIsNotRetried()
    {
        var runner = new StageRunner(new RecordingLog(), new ImpatientTime());
        await Should.ThrowAsync<InvalidOperationException>(() => runner.UntilDone<int>(
            BootStage.Network, _ => throw new InvalidOperationException("bug"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AShutdownEndsTheWait()
    {
        using var stop = new CancellationTokenSource();
        var runner = new StageRunner(new RecordingLog(), TimeProvider.System);
        var running = runner.UntilDone<int>(BootStage.Network, _ =>
        {
            stop.CancelAfter(TimeSpan.Zero);
            throw new StageException("no cable.") { RetryAfter = TimeSpan.FromHours(1) };
        }, stop.Token);
        await Should.ThrowAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }
}
