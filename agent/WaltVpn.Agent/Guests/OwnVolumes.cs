using WaltVpn.Agent.Startup;

namespace WaltVpn.Agent.Guests;

/// <summary>Block devices that the board uses itself.</summary>
internal static class OwnVolumes
{
    private const string Devices = "/dev/";

    /// <summary>Names like <c>sda2</c>: what is mounted, and the card, which is mounted only while it is read.</summary>
    public static IReadOnlyList<string> Find()
    {
        var mounted = MountedIn(File.ReadAllText("/proc/mounts"));
        var card = Volume.Find(BootPartition.Label) is { } device ? [device[Devices.Length..]] : Array.Empty<string>();
        return [.. mounted.Concat(card).Distinct()];
    }

    /// <summary>Of proc(5), /proc/mounts.</summary>
    internal static IEnumerable<string> MountedIn(string mounts) =>
        mounts.Split('\n').Select(line => line.Split(' ')[0]).Where(source => source.StartsWith(Devices, StringComparison.Ordinal))
            .Select(source => source[Devices.Length..]);
}
