using System.Globalization;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>Makes the FAT32 partition of a card, inside the image file.</summary>
internal sealed class BootPartition(HostToolbox tools, string image, DiskLayout layout, ImageIdentity identity)
{
    private const int Bits = 32;

    /// <summary>2 KiB clusters: FAT32 needs at least 65,525 of them, and 256 MiB has 131,000.</summary>
    private const int SectorsPerCluster = 4;

    /// <summary>Boot code may fill the MBR up to the disk's number.</summary>
    private const int MaxBootCode = 440;

    private readonly FatVolume _volume = new(tools, image, layout.Boot);

    /// <summary>Formats it.</summary>
    public Task FormatAsync(CancellationToken cancellation) => _volume.FormatAsync(Bits, SectorsPerCluster, identity.BootVolume, cancellation);

    /// <summary>Copies what the board boots from, and the settings.</summary>
    public async Task FillAsync(Board board, BootFolder boot, byte[] settings, CancellationToken cancellation)
    {
        await WriteSettingsAsync(Path.Combine(boot.Path, NodeSettings.FileName), settings, cancellation);
        if (board.BootLoader is SyslinuxLoader)
        {
            var offset = layout.Boot.Start.ToString(CultureInfo.InvariantCulture);
            await tools.RunAsync(HostTool.Syslinux, ["--install", "--offset", offset, image], cancellation);
            await WriteBootCodeAsync(cancellation);
        }

        await _volume.FillAsync(boot.Path, boot.Names.Prepend(NodeSettings.FileName), boot.Modified, cancellation);
    }

    /// <summary>They hold the enrolment key: nobody else reads the intermediate file (docs/security.md NODE-1).</summary>
    private static async Task WriteSettingsAsync(string path, byte[] settings, CancellationToken cancellation)
    {
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        await using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = OwnerOnly });
        await file.WriteAsync(settings, cancellation);
    }

    private async Task WriteBootCodeAsync(CancellationToken cancellation)
    {
        var code = await File.ReadAllBytesAsync(HostTool.SyslinuxMbr.Name, cancellation);
        if (code.Length > MaxBootCode)
            throw new ImageException($"{HostTool.SyslinuxMbr.Name} has {code.Length} bytes, more than the {MaxBootCode} that an MBR has room for");
        await using var file = new FileStream(image, FileMode.Open, FileAccess.Write);
        await file.WriteAsync(code, cancellation);
    }
}
