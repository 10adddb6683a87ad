using Shouldly;
using WaltVpn.Server.Startup;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Startup;

public sealed class StateLockTests
{
    [Fact]
    public async Task SecondDaemonOnTheSameStateSaysSoAndTouchesNothing()
    {
        await using var platform = await TestPlatform.Start();
        var kept = Path.Combine(platform.Settings.WorkDirectory, "in-use");
        await File.WriteAllTextAsync(kept, "", TestContext.Current.CancellationToken);
        var refused = await Should.ThrowAsync<IOException>(() => Daemon.Build(platform.Settings, TimeProvider.System, _ => { }));
        refused.Message.ShouldContain("another waltvpnd works on");
        File.Exists(kept).ShouldBeTrue();
        await platform.StopDaemon();
        await platform.StartDaemon();
    }
}
