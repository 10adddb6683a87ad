using System.Globalization;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.SdImage;

namespace WaltVpn.ImageBuilder.BootFiles;

/// <summary>A FAT file system inside a file, made and filled without mounting it.</summary>
/// <param name="image">The file; it has its full size already.</param>
/// <param name="place">Where in the file.</param>
internal sealed class FatVolume(HostToolbox tools, string image, Extent place)
{
    public const string Label = "WALT_VPN";
    public const int SectorBytes = 512;

    /// <summary>Formats it.</summary>
    /// <param name="bits">16 or 32. By definition of FAT the number of clusters decides what is right: 16 below 65,525.</param>
    /// <param name="sectorsPerCluster">A power of two.</param>
    /// <param name="serial">What tells this volume from others.</param>
    public Task FormatAsync(int bits, int sectorsPerCluster, uint serial, CancellationToken cancellation) => tools.RunAsync(
        HostTool.MkfsVfat,
        [
            "--invariant", "-F", Number(bits), "-S", Number(SectorBytes), "-s", Number(sectorsPerCluster), "-n", Label,
            "-i", serial.ToString("x8", CultureInfo.InvariantCulture),
            // Sectors before the partition: written down for the boot code, and where to format.
            "-h", Number(place.Start / SectorBytes), "--offset", Number(place.Start / SectorBytes),
            image, Number(place.Length / 1024),
        ],
        cancellation);

    /// <summary>Copies files into it, in their order.</summary>
    /// <param name="folder">Has them.</param>
    /// <param name="names">Their paths in the folder and in the volume; the first part of a path is copied with all that is below it.</param>
    /// <param name="modified">Becomes the date of all of them.</param>
    public Task FillAsync(string folder, IEnumerable<string> names, DateTimeOffset modified, CancellationToken cancellation)
    {
        var tops = names.Select(name => Path.Combine(folder, name.Split('/')[0])).Distinct().ToList();
        foreach (var top in tops) SetDate(top, modified.UtcDateTime);
        return tools.RunAsync(
            HostTool.Mcopy,
            ["-s", "-m", "-i", string.Create(CultureInfo.InvariantCulture, $"{image}@@{place.Start}"), .. tops, "::/"],
            cancellation);
    }

    private static void SetDate(string path, DateTime modified)
    {
        if (Directory.Exists(path))
        {
            foreach (var inside in Directory.EnumerateFileSystemEntries(path)) SetDate(inside, modified);
            Directory.SetLastWriteTimeUtc(path, modified);
        }
        else
        {
            File.SetLastWriteTimeUtc(path, modified);
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
