namespace WaltVpn.ImageBuilder.Boards;

/// <summary>The firmware of a Raspberry Pi: reads config.txt and all that it names from a FAT file system.</summary>
internal sealed record PiFirmware : BootLoader
{
    /// <summary>Debian's package of the firmware; non-free-firmware, under Broadcom's licence.</summary>
    public const string Package = "raspi-firmware";

    /// <summary>Names of the files that the processor's first stage loads; none where they are in the board's EEPROM.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>Of the models this image is for.</summary>
    public required IReadOnlyList<DeviceTree> DeviceTrees { get; init; }

    /// <summary>Applied by the firmware itself, from the folder <c>overlays</c>.</summary>
    public IReadOnlyList<DeviceTreeOverlay> Overlays { get; init; } = [];

    /// <summary>The lines of config.txt that this board has beside those of every board.</summary>
    public string Config { get; init; } = "";

    /// <summary>True when the firmware can load boot.img from a web server.</summary>
    public required bool BootsOverHttp { get; init; }

    /// <summary>A gzip file: the firmware unpacks it, and half the bytes are read from the card or the network.</summary>
    public override string KernelName => "vmlinuz.gz";
}
