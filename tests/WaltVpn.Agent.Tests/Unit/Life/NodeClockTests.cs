using Shouldly;
using WaltVpn.Agent.Life;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Life;

/// <summary>docs/security.md NODE-8: the clock of a board that has none.</summary>
public sealed class NodeClockTests
{
    private static readonly DateTimeOffset s_built = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(1970)]
    [InlineData(2000)]
    [InlineData(2025)]
    public void ClockOfThePastIsSetToWhenTheImageWasBuiltAndThenToTheServers(int year)
    {
        var board = new BoardTime { Now = new DateTimeOffset(year, 1, 1, 0, 0, 5, TimeSpan.Zero) };
        var clock = board.Clock();
        clock.RaiseTo(s_built, "when this image was built");
        board.Now.ShouldBe(s_built);
        clock.Hear(Word(s_built.AddDays(30)));
        board.Now.ShouldBe(s_built.AddDays(30));
        board.Sets.ShouldBe(2);
    }

    [Theory]
    [InlineData(2026, 3, 30)] // behind: an old server, or one whose clock is wrong
    [InlineData(2026, 4, 1)] // the same
    [InlineData(2106, 2, 7)] // no time anybody can mean
    [InlineData(9999, 12, 31)]
    public void NothingSetsItBackOrAnywhere(int year, int month, int day)
    {
        var now = new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero);
        var board = new BoardTime { Now = now };
        var clock = board.Clock();
        clock.RaiseTo(s_built, "");
        clock.Hear(Word(new DateTimeOffset(year, month, day, 0, 0, 0, TimeSpan.Zero)));
        clock.Hear(new TunnelControl { Kind = TunnelControl.ReportKept, Number = 1 });
        clock.Hear(new TunnelControl { Kind = TunnelControl.ReportKept, Number = 1, Time = -1 });
        clock.Hear(new TunnelControl { Kind = TunnelControl.ReportKept, Number = 1, Time = long.MaxValue });
        board.Now.ShouldBe(now);
        board.Sets.ShouldBe(0);
    }

    [Fact]
    public void YearsAfter2038AreYears()
    {
        var board = new BoardTime { Now = s_built };
        board.Clock().Hear(Word(new DateTimeOffset(2040, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        board.Now.Year.ShouldBe(2040);
    }

    [Fact]
    public void OperatingSystemsClockIsItsOwn()
    {
        var board = new BoardTime { Now = DateTimeOffset.UnixEpoch };
        var clock = board.Clock();
        clock.IsTheSystems = true;
        clock.RaiseTo(s_built, "");
        clock.Hear(Word(s_built));
        board.Sets.ShouldBe(0);
    }

    private static TunnelControl Word(DateTimeOffset time) => new() { Kind = TunnelControl.ReportKept, Number = 1, Time = time.ToUnixTimeSeconds() };

    /// <summary>The clock of a board: what a test cannot set.</summary>
    private sealed class BoardTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public int Sets { get; private set; }

        public override DateTimeOffset GetUtcNow() => Now;

        public NodeClock Clock() => new(this, time => (Now, Sets) = (time, Sets + 1), new RecordingLog());
    }
}
