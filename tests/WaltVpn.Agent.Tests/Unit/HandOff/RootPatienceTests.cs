using Shouldly;
using WaltVpn.Agent.HandOff;
using WaltVpn.Agent.Startup;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.HandOff;

public sealed class RootPatienceTests
{
    private static readonly TimeSpan RootDelay = TimeSpan.FromSeconds(180);

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 10)]
    [InlineData(2, 20)]
    [InlineData(6, 320)]
    [InlineData(7, 360)]
    [InlineData(1000, 360)]
    [InlineData(int.MaxValue, 360)]
    public void EachRestartInARowComesLater(int before, int minutes)
    {
        var patience = new RootPatience(RootDelay, before);
        patience.BeforeRestart.ShouldBe(TimeSpan.FromMinutes(minutes));
        patience.Next(RootDelay + patience.BeforeRestart - TimeSpan.FromTicks(1)).ShouldNotBeNull();
        patience.Next(RootDelay + patience.BeforeRestart).ShouldBeNull();
    }

    [Fact]
    public void RootIsAskedForEverySecondAndThenLessOften()
    {
        var patience = new RootPatience(RootDelay, 0);
        for (var second = 0; second < 180; second++) patience.Next(TimeSpan.FromSeconds(second)).ShouldBe(TimeSpan.FromSeconds(1));
        var later = Enumerable.Range(0, 12).Select(_ => patience.Next(RootDelay)!.Value).ToList();
        later[^1].ShouldBeGreaterThan(TimeSpan.FromSeconds(30));
        later.ShouldAllBe(wait => wait <= TimeSpan.FromSeconds(90));
    }

    [Fact]
    public void DamagedCountIsNone()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            var restarts = new RootRestarts(StatePartition.At(folder));
            restarts.Count.ShouldBe(0);
            foreach (var (text, count) in new[] { ("3", 3), ("", 0), ("-1", 0), ("many", 0), ("99999999999", 0) })
            {
                File.WriteAllText(Path.Combine(folder, "root-restarts"), text);
                restarts.Count.ShouldBe(count);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
