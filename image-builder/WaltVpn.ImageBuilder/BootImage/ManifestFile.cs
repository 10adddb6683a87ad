using System.Text;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary>What a boot.img has beside a card's boot files: its manifest, and the kernel's parameters, with its epoch.</summary>
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
        var commandLine = Path.Combine(made.Path, LoaderFiles.CommandLineName);
        var isThere = board.BootLoader is PiFirmware;
        var parameters = isThere ? (await File.ReadAllTextAsync(commandLine, cancellation)).TrimEnd() : board.KernelCommandLine;
        // What runs from it knows which it is (docs/security.md BOOT-4).
        await File.WriteAllTextAsync(commandLine, $"{parameters} {BootManifest.EpochParameter}{epoch}\n", Encoding.ASCII, cancellation);
        if (!isThere) names = names.Append(LoaderFiles.CommandLineName);
        return made with { Names = [.. names] };
    }
}
