using System.Text;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary>What a boot.img has beside a card's boot files: its manifest, and the kernel's parameters where a card has them elsewhere.</summary>
internal static class ManifestFile
{
    /// <summary>Adds it, and takes away what only a card's own boot loader reads.</summary>
    public static async Task<BootFolder> AddAsync(BootFolder made, Board board, long epoch, CancellationToken cancellation)
    {
        var manifest = new BootManifest
        {
            Version = BootManifest.CurrentVersion,
            Board = board.Name,
            Epoch = epoch,
            BuildTime = made.Modified,
            Kernel = board.BootLoader.KernelName,
            Initramfs = BootFolder.InitramfsName,
            CommandLine = LoaderFiles.CommandLineName,
        };
        await File.WriteAllBytesAsync(Path.Combine(made.Path, BootManifest.FileName), manifest.ToBytes(), cancellation);
        var names = made.Names.Where(name => name != LoaderFiles.SyslinuxConfigurationName).Prepend(BootManifest.FileName);
        if (board.BootLoader is not PiFirmware)
        {
            await File.WriteAllTextAsync(Path.Combine(made.Path, LoaderFiles.CommandLineName), board.KernelCommandLine + "\n", Encoding.ASCII, cancellation);
            names = names.Append(LoaderFiles.CommandLineName);
        }

        return made with { Names = [.. names] };
    }
}
