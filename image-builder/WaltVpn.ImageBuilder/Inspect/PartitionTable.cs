using System.Text.Json;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.SdImage;

namespace WaltVpn.ImageBuilder.Inspect;

/// <summary>Finds the two partitions of one of our images.</summary>
internal static class PartitionTable
{
    /// <summary>Reads the table with sfdisk.</summary>
    /// <exception cref="ImageException">The file has no such table, or is shorter than its table says.</exception>
    public static async Task<(Extent Boot, Extent State)> ReadAsync(HostToolbox tools, string image, CancellationToken cancellation)
    {
        string table;
        try
        {
            table = (await tools.RunAsync(HostTool.Sfdisk, ["--json", image], cancellation)).Text;
        }
        catch (ImageException error)
        {
            throw NoImage(image, "it has no partition table", error);
        }

        using var json = JsonDocument.Parse(table);
        var root = json.RootElement.GetProperty("partitiontable");
        if (root.GetProperty("label").GetString() != "dos" || !root.TryGetProperty("partitions", out var partitions))
            throw NoImage(image, "it has no MBR with partitions");
        var found = partitions.EnumerateArray().Select(partition => (Type: partition.GetProperty("type").GetString(), Extent: ReadExtent(partition))).ToList();
        if (found is not [{ Type: DiskLayout.BootType } boot, { Type: DiskLayout.StateType } state])
            throw NoImage(image, "it has other partitions than FAT32 and Linux");

        var length = new FileInfo(image).Length;
        var end = Math.Max(boot.Extent.End, state.Extent.End);
        if (length < end) throw new ImageException($"{image} is cut off: it has {length} bytes of {end}", "copy or build it again");
        return (boot.Extent, state.Extent);
    }

    /// <summary>The error for a file that is something else.</summary>
    public static ImageException NoImage(string image, string reason, Exception? cause = null) =>
        new($"{image} is no WaltVpn image: {reason}", cause, "images are made by: waltvpn-image sd");

    private static Extent ReadExtent(JsonElement partition) =>
        new(partition.GetProperty("start").GetInt64() * DiskLayout.SectorBytes, partition.GetProperty("size").GetInt64() * DiskLayout.SectorBytes);
}
