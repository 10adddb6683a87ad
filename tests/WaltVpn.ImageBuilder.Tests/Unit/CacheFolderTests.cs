using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class CacheFolderTests
{
    [Fact]
    public async Task ASecondBuildSaysThatItWaitsAndGoesOnWhenTheFirstIsDone()
    {
        using var folder = new TemporaryFolder();
        using var told = new ToldWriter();
        var progress = new Progress(told);
        var first = await CacheFolder.EnterAsync(folder["cache"], progress, TestContext.Current.CancellationToken);
        var second = CacheFolder.EnterAsync(folder["cache"], progress, TestContext.Current.CancellationToken);
        (await told.First.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).ShouldContain("waiting for it");
        second.IsCompleted.ShouldBeFalse();
        first.Dispose();
        (await second.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).Dispose();
    }

    private sealed class ToldWriter : StringWriter
    {
        private readonly TaskCompletionSource<string> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> First => _first.Task;

        public override void WriteLine(string? value) => _first.TrySetResult(value ?? "");
    }
}
