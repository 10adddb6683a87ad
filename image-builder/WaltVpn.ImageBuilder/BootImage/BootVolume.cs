using System.Text;
using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.SdImage;
using MaxSizes = WaltVpn.Protocol.BootFiles;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary>boot.img, a FAT16 file system with a manifest and what it names, and boot.sig beside it.</summary>
internal sealed class BootVolume(HostToolbox tools)
{
    /// <summary>2 KiB clusters of FAT16: 8 to 134 MB.</summary>
    private const int Bits = 16;
    private const int SectorsPerCluster = 4;
    private const int ClusterBytes = SectorsPerCluster * FatVolume.SectorBytes;

    /// <summary>With less than 4085 clusters it would be FAT12, whatever it is called.</summary>
    private const int Least = (4085 * ClusterBytes) + Spare;

    /// <summary>Bytes beside the files: at most 200 KiB of allocation tables and root folder, and free clusters, without which older firmware fails at
    /// the last one.</summary>
    private const int Spare = 512 << 10;

    /// <summary>Makes the file system.</summary>
    /// <returns>Its bytes.</returns>
    /// <exception cref="ImageException">It would be too large.</exception>
    public async Task<long> WriteAsync(OutputFile output, BootFolder boot, CancellationToken cancellation)
    {
        var bytes = Math.Max(Least, boot.Files.Sum(file => RoundUp(new FileInfo(file).Length)) + Spare);
        if (bytes > MaxSizes.MaxImageSize)
            throw new ImageException(
                $"{BootImageBuild.ImageName} would have {bytes} bytes; the boards' firmware is documented to take {MaxSizes.MaxImageSize}");
        output.Create(bytes);
        var identity = await ImageIdentity.OfAsync(boot.Files, cancellation);
        var volume = new FatVolume(tools, output.PartialPath, new Extent(0, bytes));
        await volume.FormatAsync(Bits, SectorsPerCluster, identity.BootVolume, cancellation);
        await volume.FillAsync(boot.Path, boot.Names, boot.Modified, cancellation);
        return bytes;
    }

    /// <summary>Signs it.</summary>
    /// <param name="sourceDate">Seconds since 1970 for boot.sig; null: now.</param>
    public static async Task SignAsync(BootKey key, OutputFile image, OutputFile signature, long? sourceDate, CancellationToken cancellation)
    {
        var content = await File.ReadAllBytesAsync(image.PartialPath, cancellation);
        var time = sourceDate is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : DateTimeOffset.UtcNow;
        var text = Encoding.ASCII.GetBytes(key.Sign(content, time).ToText());
        signature.Create(text.Length);
        await File.WriteAllBytesAsync(signature.PartialPath, text, cancellation);
    }

    private static long RoundUp(long bytes) => (bytes + ClusterBytes - 1) / ClusterBytes * ClusterBytes;
}
