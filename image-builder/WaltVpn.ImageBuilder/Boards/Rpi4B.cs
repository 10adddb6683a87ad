namespace WaltVpn.ImageBuilder.Boards;

/// <summary>Raspberry Pi 4 B, and the 400, which is the same board in a keyboard.</summary>
internal static class Rpi4B
{
    /// <summary>
    /// Where the firmware leaves the key its EEPROM holds, and the EEPROM itself (GPIO 40 to 43). Debian's tree has neither; the analog audio output,
    /// which shares two of the pins, gives way. Values: Documentation/devicetree/bindings of the kernel, and Raspberry Pi's own tree.
    /// </summary>
    private const string EepromAccess = """
        /dts-v1/;
        /plugin/;
        / {
            fragment@0 {
                target-path = "/aliases";
                __overlay__ {
                    blpubkey = "/reserved-memory/nvram@1";
                    spi0 = "/soc/spi@7e204000";
                };
            };
            fragment@1 {
                target-path = "/reserved-memory";
                __overlay__ {
                    #address-cells = <2>;
                    #size-cells = <1>;
                    nvram@1 {
                        compatible = "raspberrypi,bootloader-public-key", "nvmem-rmem";
                        #address-cells = <1>;
                        #size-cells = <1>;
                        reg = <0 0 0>;
                        no-map;
                        status = "disabled";
                    };
                };
            };
            fragment@2 {
                target = <&gpio>;
                __overlay__ {
                    eeprom_pins: eeprom-pins {
                        brcm,pins = <40 41 42>;
                        brcm,function = <3>;
                    };
                    eeprom_select: eeprom-select {
                        brcm,pins = <43>;
                        brcm,function = <1>;
                    };
                };
            };
            fragment@3 {
                target = <&pwm1>;
                __overlay__ {
                    status = "disabled";
                };
            };
            fragment@4 {
                target = <&spi>;
                __overlay__ {
                    #address-cells = <1>;
                    #size-cells = <0>;
                    pinctrl-names = "default";
                    pinctrl-0 = <&eeprom_pins &eeprom_select>;
                    cs-gpios = <&gpio 43 1>;
                    status = "okay";
                    spidev@0 {
                        compatible = "lwn,bk4";
                        reg = <0>;
                        spi-max-frequency = <20000000>;
                    };
                };
            };
        };

        """;

    public static Board Board { get; } = new()
    {
        Name = "rpi-4-b",
        Description = "Raspberry Pi 4 Model B and 400",
        Architecture = "arm64",
        LibraryFolder = "aarch64-linux-gnu",
        Suite = RaspberryPi.Suite,
        KernelPackage = "linux-image-arm64",
        KernelModules =
        [
            .. RaspberryPi.CommonModules,
            // SD card, and the regulator its slot is fed by.
            "sdhci-iproc", "fixed", "gpio-regulator",
            // Network: the driver of bcmgenet is called genet.
            "genet", "broadcom", "mdio-bcm-unimac",
            // USB: a controller behind PCI Express that is reset through the firmware; dwc2 is the one at the power socket.
            "xhci-pci", "xhci-pci-renesas", "reset-raspberrypi", "dwc2",
            // EEPROM: its configuration as the firmware left it in memory, and the chip.
            "nvmem-rmem", "spi-bcm2835",
            "iproc-rng200", "crc32c_generic",
        ],
        Programs = [RaspberryPi.Flashrom],
        KernelCommandLine = "console=tty0 console=ttyS1,115200 panic=10 net.ifnames=0",
        // Its other processors wait in a loop that kexec has no way to end: "Can't kexec: CPUs are stuck in the kernel". The boot image's kernel has all.
        StageOneParameters = "watchdog.stop_on_reboot=0 nr_cpus=1",
        BootLoader = new PiFirmware
        {
            Files = ["start4.elf", "fixup4.dat"],
            // The firmware looks for these names by itself, for the model it runs on.
            DeviceTrees = [new DeviceTree("bcm2711-rpi-4-b.dtb", EepromAccess), new DeviceTree("bcm2711-rpi-400.dtb", EepromAccess)],
            Config = "arm_64bit=1",
            BootsOverHttp = true,
        },
        ImageMebibytes = 512,
        BootMebibytes = 256,
    };
}
