namespace WaltVpn.ImageBuilder.Boards;

/// <summary>Raspberry Pi 3 B+: boots from its SD card, or by TFTP; it has no EEPROM.</summary>
internal static class Rpi3BPlus
{
    private const string DeviceTreeName = "bcm2837-rpi-3-b-plus.dtb";

    public static Board Board { get; } = new()
    {
        Name = "rpi-3-b-plus",
        Description = "Raspberry Pi 3 Model B+",
        Architecture = "arm64",
        LibraryFolder = "aarch64-linux-gnu",
        Suite = RaspberryPi.Suite,
        KernelPackage = "linux-image-arm64",
        KernelModules =
        [
            .. RaspberryPi.CommonModules,
            // SD card: the sdhost controller, and the one that usually drives Wi-Fi.
            "bcm2835", "sdhci-iproc",
            // Network: LAN7515 behind the USB controller.
            "dwc2", "phy-generic", "lan78xx", "smsc95xx", "microchip",
            // Random numbers for the first key.
            "bcm2835-rng",
            // The checksum that ext4 asks the kernel for by name.
            "crc32c_generic",
        ],
        // GPIO 14 and 15 are the mini UART; the PL011 belongs to Bluetooth.
        KernelCommandLine = "console=tty0 console=ttyS1,115200 panic=10 net.ifnames=0",
        // Its other processors wait in a loop that kexec has no way to end: "Can't kexec: CPUs are stuck in the kernel". The boot image's kernel has all.
        StageOneParameters = "watchdog.stop_on_reboot=0 nr_cpus=1",
        BootLoader = new PiFirmware
        {
            Files = ["bootcode.bin", "start.elf", "fixup.dat"],
            DeviceTrees = [new DeviceTree(DeviceTreeName)],
            // By itself the firmware looks for the name in Raspberry Pi's own kernel, bcm2710-rpi-3-b-plus.dtb.
            Config = $"""
                arm_64bit=1
                device_tree={DeviceTreeName}
                """,
            BootsOverHttp = false,
        },
        ImageMebibytes = 512,
        BootMebibytes = 256,
    };
}
