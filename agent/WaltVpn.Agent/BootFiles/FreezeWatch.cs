using WaltVpn.Agent.Life;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.BootFiles;

/// <summary>
/// Compares the boot image that this node runs with the one that its server names in the settings document, and says once of each when they differ:
/// who stands between board and server can keep a node at an image that is signed and old (docs/security.md BOOT-4).
/// </summary>
/// <param name="running">What this system was started from.</param>
/// <param name="timeline">Has the line beside the stage that brought the image.</param>
/// <param name="time">Its timestamps count from the kernel's start.</param>
/// <param name="log">The console, and the server.</param>
internal sealed class FreezeWatch(RunningImage running, BootTimeline timeline, TimeProvider time, INodeLog log)
{
    /// <summary>A server that names a newer image so long after the kernel's start may have got it meanwhile.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(15);

    private const BootStage Stage = BootStage.BootFiles;

    private NewestImage? _told;

    /// <summary>Takes what the server told. It came over the pinned connection, under a number that never falls (docs/security.md NODE-4).</summary>
    public void Hear(SettingsDocument told)
    {
        if (told.BootImage is not { } newest || newest.Sha256 == _told?.Sha256) return;
        var isFirst = _told is null;
        _told = newest;
        switch (running.Against(newest))
        {
            case ImageAge.Current when isFirst:
                log.Info(Stage, $"this is the boot image that the server names: {running.Name}");
                break;
            case ImageAge.Superseded when isFirst && BootTimeline.Now(time) < Fresh.TotalMilliseconds:
                var finding = $"this boot image ({running.Name}) is not the server's newest ({newest.Name}), published {Time(newest.Published)}";
                timeline.Remark(Stage, finding);
                log.Warning(Stage, $"{finding}. Unless that was a moment ago, {Place(told)} gives an old one, or the newest did not come in.");
                break;
            case ImageAge.Superseded:
                log.Info(Stage, $"the server has a newer boot image: {newest.Name}, published {Time(newest.Published)}; used from the next start on");
                break;
            case ImageAge.Ahead when isFirst:
                log.Info(Stage, $"this boot image ({running.Name}) is ahead of the server's ({newest.Name})");
                break;
        }
    }

    private static string Place(SettingsDocument told) => told.HttpEntrypoint is { } place ? $"http://{place.Host}" : "the boot server";

    private static string Time(long seconds) => DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("u", System.Globalization.CultureInfo.InvariantCulture);
}
