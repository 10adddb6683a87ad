using Shouldly;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit;

public sealed class BackoffTests
{
    [Fact]
    public void WaitsDoubleFromOneSecondToSixtyWithUpToHalfMore()
    {
        var backoff = new Backoff();
        backoff.Next().TotalSeconds.ShouldBeInRange(0, 1);
        foreach (var seconds in new[] { 1, 2, 4, 8, 16, 32, 60, 60 }) backoff.Next().TotalSeconds.ShouldBeInRange(seconds, seconds * 1.5);
    }

    [Fact]
    public void AfterSuccessTheFirstWaitIsShortAgain()
    {
        var backoff = new Backoff();
        for (var i = 0; i < 10; i++) backoff.Next();
        backoff.Reset();
        backoff.Next().TotalSeconds.ShouldBeInRange(0, 1);
    }

    [Fact]
    public void NodesThatLostTheServerTogetherDoNotReturnTogether()
    {
        var waits = Enumerable.Range(0, 100).Select(_ =>
        {
            var backoff = new Backoff();
            backoff.Next();
            return backoff.Next();
        }).Distinct().Count();
        waits.ShouldBeGreaterThan(90);
    }

    [Fact]
    public void AnAskedWaitIsNeverShortened()
    {
        for (var i = 0; i < 1000; i++) Backoff.AtLeast(TimeSpan.FromSeconds(10)).TotalSeconds.ShouldBeInRange(10, 15);
    }
}
