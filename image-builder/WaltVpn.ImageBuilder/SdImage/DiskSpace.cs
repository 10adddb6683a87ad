using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>Where an image is made, and how much room that takes.</summary>
internal static class DiskSpace
{
    // Megabytes (10^6 bytes) for the largest board, rounded up.
    private const int ForImage = 60;
    private const int ForWork = 450;
    private const int ForCache = 250;

    /// <summary>True when that is what a failure comes from, in this program or in one it has called.</summary>
    public static bool IsFull(Exception error) => error switch
    {
        ImageException image => image.IsDiskFull,
        IOException io => HostToolbox.IsDiskFull(io),
        _ => false,
    };

    /// <summary>The error that names the file system. To be made while the half-made files still stand there.</summary>
    public static ImageException Full(string work, string output, string cache, Exception cause)
    {
        (string Folder, int Need, string Option)[] places =
        [
            (work, ForWork, "TMPDIR=FOLDER waltvpn-image …"),
            (Path.GetDirectoryName(Path.GetFullPath(output))!, ForImage, "--output FOLDER/FILE"),
            (cache, ForCache, "--cache FOLDER"),
        ];
        // Folders of one file system show one and the same size and room.
        var full = places.GroupBy(place => Measure(place.Folder)).MinBy(group => group.Key.Free)!.ToList();
        return new ImageException(
            $"no space left on the disk of {string.Join(" and ", full.Select(place => place.Folder))}: "
            + $"making an image needs about {full.Sum(place => place.Need)} MB there",
            cause,
            $"make room there, or use another disk: {string.Join(", ", full.Select(place => place.Option))}");
    }

    private static (long Free, long Total) Measure(string folder)
    {
        var drive = new DriveInfo(folder);
        return (drive.AvailableFreeSpace, drive.TotalSize);
    }
}
