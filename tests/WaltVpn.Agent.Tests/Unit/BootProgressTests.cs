using Shouldly;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit;

public sealed class BootProgressTests
{
    private static readonly BootStage[] Order =
        [BootStage.Startup, BootStage.Network, BootStage.Enrollment, BootStage.BootFiles, BootStage.Tunnel, BootStage.Online, BootStage.HandOff];

    [Fact]
    public void OnlyTheNextStageOrShutdownMayFollow()
    {
        foreach (var from in Enum.GetValues<BootStage>())
        {
            foreach (var to in Enum.GetValues<BootStage>())
            {
                var next = Array.IndexOf(Order, from) is >= 0 and var at && at + 1 < Order.Length && Order[at + 1] == to;
                var shutdown = to == BootStage.Shutdown && from != BootStage.Shutdown;
                BootProgress.Allows(from, to).ShouldBe(next || shutdown, $"{from} to {to}");
            }
        }
    }

    [Fact]
    public void AMoveIsLoggedUnderTheStageThatEnded()
    {
        var log = new RecordingLog();
        var progress = new BootProgress(log);
        progress.MoveTo(BootStage.Network, "settings read");
        progress.Stage.ShouldBe(BootStage.Network);
        log.Lines.ShouldBe(["info Startup: settings read"]);
    }

    [Fact]
    public void AMoveOutsideTheDrawingIsRefused()
    {
        var progress = new BootProgress(new RecordingLog());
        Should.Throw<InvalidOperationException>(() => progress.MoveTo(BootStage.Online, "no"));
        progress.Stage.ShouldBe(BootStage.Startup);
    }
}
