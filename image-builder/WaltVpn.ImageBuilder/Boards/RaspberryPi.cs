namespace WaltVpn.ImageBuilder.Boards;

/// <summary>What all Raspberry Pi boards share.</summary>
internal static class RaspberryPi
{
    public const string Suite = "trixie";

    /// <summary>For boards with an EEPROM behind spidev: the agent writes it with this one.</summary>
    public static BoardProgram Flashrom { get; } = new("flashrom", "usr/sbin/flashrom");

    /// <summary>Modules that no device asks for by itself, or that each board needs.</summary>
    public static IReadOnlyList<string> CommonModules { get; } =
    [
        // Boot partition: vfat does not mount without its code pages, and modprobe does not pull them in.
        "vfat", "nls_cp437", "nls_iso8859-1", "nls_ascii", "nls_utf8",
        // State partition.
        "ext4",
        // The tunnel.
        "tun",
        // The node's root. The kernel loads a version's module by the name it asks for, not by a dependency.
        "nfs", "nfsv3", "nfsv4",
        // USB network adapters; QEMU's Raspberry Pi machines have no other network.
        "cdc_ether", "rndis_host",
        // The reset and power-off of all these boards: without it they hang after "Power down".
        "bcm2835_wdt",
    ];
}
