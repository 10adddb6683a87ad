using System.Globalization;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>Makes the FAT32 partition of a card, inside the image file.</summary>
internal sealed class BootPartition(HostToolbox tools, string image, DiskLayout layout, ImageIdentity identity)
{
    public const string KernelName = "vmlinuz";
    public const string InitramfsName = "initramfs.zst";
    public const string SyslinuxConfigurationName = "syslinux.cfg";

    /// <summary>2 KiB clusters: FAT32 needs at least 65,525 of them, and 256 MiB has 131,000.</summary>
    private const int SectorsPerCluster = 4;

    /// <summary>Boot code may fill the MBR up to the disk's number.</summary>
    private const int MaxBootCode = 440;

    /// <summary>Formats it.</summary>
    public Task FormatAsync(CancellationToken cancellation) => tools.RunAsync(
        HostTool.MkfsVfat,
        [
            "--invariant", "-F", "32", "-S", Number(DiskLayout.SectorBytes), "-s", Number(SectorsPerCluster), "-n", DiskLayout.BootLabel,
            "-i", identity.BootVolume.ToString("x8", CultureInfo.InvariantCulture),
            // Sectors before the partition: written down for the boot code, and where to format.
            "-h", Number(layout.Boot.Start / DiskLayout.SectorBytes), "--offset", Number(layout.Boot.Start / DiskLayout.SectorBytes),
            image, Number(layout.Boot.Length / 1024),
        ],
        cancellation);

    /// <summary>Copies kernel, initramfs and settings, and what the board's firmware starts them with.</summary>
    /// <param name="folder">Has the kernel and the initramfs under their names here; the rest is added to it. Nobody else can read it.</param>
    public async Task FillAsync(Board board, string folder, byte[] settings, DateTimeOffset modified, CancellationToken cancellation)
    {
        await WriteSettingsAsync(Path.Combine(folder, NodeSettings.FileName), settings, cancellation);
        List<string> names = [NodeSettings.FileName];
        switch (board.BootLoader)
        {
            case BootLoader.Syslinux:
                await File.WriteAllTextAsync(Path.Combine(folder, SyslinuxConfigurationName), SyslinuxConfiguration(board), cancellation);
                names.Add(SyslinuxConfigurationName);
                await tools.RunAsync(HostTool.Syslinux, ["--install", "--offset", Number(layout.Boot.Start), image], cancellation);
                await WriteBootCodeAsync(cancellation);
                break;
            default:
                throw new InvalidOperationException($"internal error: boot loader {board.BootLoader}");
        }

        names.AddRange([KernelName, InitramfsName]);
        var paths = names.Select(name => Path.Combine(folder, name)).ToList();
        foreach (var path in paths) File.SetLastWriteTimeUtc(path, modified.UtcDateTime);
        await tools.RunAsync(HostTool.Mcopy, ["-m", "-i",
            string.Create(CultureInfo.InvariantCulture, $"{image}@@{layout.Boot.Start}"), .. paths, "::/"], cancellation);
    }

    /// <summary>Serial line first, then screen; no menu and no waiting.</summary>
    private static string SyslinuxConfiguration(Board board) => $"""
        SERIAL 0 115200
        PROMPT 0
        DEFAULT walt-vpn
        LABEL walt-vpn
          LINUX /{KernelName}
          INITRD /{InitramfsName}
          APPEND {board.KernelCommandLine}

        """;

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

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
