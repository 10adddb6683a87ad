using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class HostToolboxTests
{
    [Fact]
    public void AllMissingToolsAreNamedAtOnceWithTheLineThatInstallsThem()
    {
        HostTool[] tools = [HostTool.Stat, new("no-such-a", "pkg-z"), new("no-such-b", "pkg-y"), new("no-such-c", "pkg-z")];
        var error = Should.Throw<ImageException>(() => HostToolbox.Find(tools));
        error.Message.ShouldBe("this machine lacks no-such-a, no-such-b, no-such-c");
        error.Hints.ShouldBe(["install them: sudo apt-get install pkg-y pkg-z"]);
    }

    [Fact]
    public async Task AToolThatFailsIsNamedWithItsOwnWords()
    {
        var tools = HostToolbox.Find(HostTool.Stat);
        var error = await Should.ThrowAsync<ImageException>(() => tools.RunAsync(HostTool.Stat, ["/no/such"], TestContext.Current.CancellationToken));
        error.Message.ShouldBe("stat failed with status 1");
        error.Hints.ShouldHaveSingleItem().ShouldContain("No such file or directory");
    }

    /// <summary>docs/security.md IMG-2.</summary>
    [Fact]
    public async Task AnArgumentReachesTheToolAsItIs()
    {
        using var folder = new TemporaryFolder();
        var name = folder["$(touch made); `touch made` | a 'b\" \\ *"];
        await File.WriteAllTextAsync(name, "", TestContext.Current.CancellationToken);
        var output = await HostToolbox.Find(HostTool.Stat).RunAsync(HostTool.Stat, ["--format=%n", name], TestContext.Current.CancellationToken, folder.Path);
        output.Text.ShouldBe(name + "\n");
        Directory.EnumerateFileSystemEntries(folder.Path).ShouldBe([name]);
    }

    [Fact]
    public async Task AStoppedToolIsKilled()
    {
        HostTool sleep = new("sleep", "coreutils");
        using var stop = new CancellationTokenSource();
        var running = HostToolbox.Find(sleep).RunAsync(sleep, ["1000"], stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
    }
}
