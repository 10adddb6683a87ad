using WaltVpn.Linux;

namespace WaltVpn.Agent.BootFiles;

/// <summary>A node that stage 1 has started in a boot image: it says when it has come in, and does not stay when it never does.</summary>
internal sealed class StageTwo(string image, BootCache cache, TimeProvider time, INodeLog log)
{
    /// <summary>An image on trial that has no tunnel after so long is left for the one before.</summary>
    private static readonly TimeSpan Trial = TimeSpan.FromMinutes(15);

    private static readonly TimeSpan BetweenSigns = TimeSpan.FromSeconds(10);

    private readonly TaskCompletionSource _cameIn = new();

    /// <summary>Begins to wait for the tunnel, beside the boot.</summary>
    public void Begin(CancellationToken stopping)
    {
        var record = cache.ReadRecord();
        var onTrial = record.Tried == image;
        log.Info(BootStage.BootFiles, $"this is boot image {image[..16]}{(onTrial ? ", on trial until its tunnel is up" : "")}");
        // What stage 1 said of it stood on the console only.
        if (record.Tried is { } tried && !onTrial)
            log.Warning(BootStage.BootFiles, $"boot image {tried[..16]}, epoch {record.TriedEpoch}, was started {record.Tries} times and did not come in.");
        if (onTrial) _ = Watch(stopping);
    }

    /// <summary>The tunnel is up: this image is what the card starts from now on.</summary>
    public void CameIn()
    {
        if (!_cameIn.TrySetResult()) return;
        var onTrial = cache.ReadRecord().Tried == image;
        try
        {
            var record = cache.Change(record => record.CameIn(image, time.GetUtcNow()));
            // One that was tried in vain gets another chance without being fetched again.
            cache.Prune([.. record.Good, record.Tried ?? image]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.Warning(BootStage.BootFiles, $"the card cannot remember that boot image {image[..16]} has come in: {failure.Message}.");
            return;
        }

        if (onTrial) log.Info(BootStage.BootFiles, $"boot image {image[..16]} has come in and is good: the card starts it from now on");
    }

    private async Task Watch(CancellationToken stopping)
    {
        using var watchdog = Watchdog.TryOpen();
        var start = time.GetTimestamp();
        while (time.GetElapsedTime(start) < Trial)
        {
            watchdog?.Sign();
            await Task.WhenAny(_cameIn.Task, Task.Delay(BetweenSigns, time, stopping));
            if (!_cameIn.Task.IsCompleted && !stopping.IsCancellationRequested) continue;
            watchdog?.Disarm();
            return;
        }

        log.Warning(BootStage.BootFiles, $"boot image {image[..16]} has no tunnel after {Trial.TotalMinutes:0} min: starting over with the one before.");
        Reboot.Sync();
        Reboot.Restart();
    }
}
