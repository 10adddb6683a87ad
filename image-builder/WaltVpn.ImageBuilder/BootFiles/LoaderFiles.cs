using System.Text;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.Kernel;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.BootFiles;

/// <summary>What a board's boot loader finds beside kernel and initramfs.</summary>
internal static class LoaderFiles
{
    public const string SyslinuxConfigurationName = "syslinux.cfg";
    public const string PiConfigurationName = "config.txt";
    public const string CommandLineName = "cmdline.txt";
    public const string PiLicenceName = "firmware-licence.txt";

    private const string PiFolder = "/usr/lib/raspi-firmware/";
    private const string PiLicence = "/usr/share/doc/raspi-firmware/copyright";

    /// <summary>The files by their path in the boot file system, in a fixed order.</summary>
    /// <param name="parameters">Of the kernel.</param>
    /// <exception cref="ImageException">A file of the firmware is in no package.</exception>
    public static IReadOnlyList<KeyValuePair<string, byte[]>> Of(Board board, string parameters, KernelFiles kernel, PackageTree packages)
    {
        switch (board.BootLoader)
        {
            case SyslinuxLoader:
                return [Text(SyslinuxConfigurationName, SyslinuxConfiguration(board, parameters))];
            case PiFirmware firmware:
                var files = firmware.Files.Select(name => KeyValuePair.Create(name, Find(PiFolder + name)));
                // Broadcom's licence asks for its text beside the files.
                if (firmware.Files.Count > 0) files = files.Append(new(PiLicenceName, Find(PiLicence)));
                var (configuration, commandLine) = (PiConfiguration(firmware), parameters + "\n");
                return [.. files, .. kernel.DeviceTrees, Text(PiConfigurationName, configuration), Text(CommandLineName, commandLine)];
            default:
                throw new InvalidOperationException($"internal error: boot loader {board.BootLoader}");
        }

        byte[] Find(string path) => packages.Find(path) ?? throw new ImageException($"no package of the image has {path}");
    }

    /// <summary>Serial line first, then screen; no menu and no waiting.</summary>
    private static string SyslinuxConfiguration(Board board, string parameters) => $"""
        SERIAL 0 115200
        PROMPT 0
        DEFAULT walt-vpn
        LABEL walt-vpn
          LINUX /{board.BootLoader.KernelName}
          INITRD /{BootFolder.InitramfsName}
          APPEND {parameters}

        """;

    /// <summary>The firmware takes a comment only at the start of a line.</summary>
    private static string PiConfiguration(PiFirmware firmware) => $"""
        # Read by the board's firmware; made by waltvpn-image. The kernel's parameters are in {CommandLineName}.
        [all]
        enable_uart=1
        kernel={firmware.KernelName}
        initramfs {BootFolder.InitramfsName} followkernel
        {firmware.Config}
        """.TrimEnd() + "\n";

    private static KeyValuePair<string, byte[]> Text(string name, string text) => new(name, Encoding.ASCII.GetBytes(text));
}
