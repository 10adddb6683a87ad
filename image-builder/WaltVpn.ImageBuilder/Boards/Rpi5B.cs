namespace WaltVpn.ImageBuilder.Boards;

/// <summary>Raspberry Pi 5, both steppings of its processor.</summary>
internal static class Rpi5B
{
    private const string DeviceTreeName = "bcm2712-rpi-5-b.dtb";

    /// <summary>
    /// Where the firmware leaves the EEPROM's configuration and key, and the chip itself (GPIO 1 to 4 of the processor). Debian's tree has none of it.
    /// Values: Raspberry Pi's own tree.
    /// </summary>
    private const string EepromAccess = """
        /dts-v1/;
        /plugin/;
        / {
            fragment@0 {
                target-path = "/aliases";
                __overlay__ {
                    blconfig = "/reserved-memory/nvram@0";
                    blpubkey = "/reserved-memory/nvram@1";
                    spi10 = "/soc@107c000000/spi@7d004000";
                };
            };
            fragment@1 {
                target-path = "/reserved-memory";
                __overlay__ {
                    #address-cells = <2>;
                    #size-cells = <2>;
                    nvram@0 {
                        compatible = "raspberrypi,bootloader-config", "nvmem-rmem";
                        #address-cells = <1>;
                        #size-cells = <1>;
                        reg = <0 0 0 0>;
                        no-map;
                        status = "disabled";
                    };
                    nvram@1 {
                        compatible = "raspberrypi,bootloader-public-key", "nvmem-rmem";
                        #address-cells = <1>;
                        #size-cells = <1>;
                        reg = <0 0 0 0>;
                        no-map;
                        status = "disabled";
                    };
                };
            };
            fragment@2 {
                target = <&pinctrl>;
                __overlay__ {
                    eeprom_pins: eeprom-default-state {
                        function = "vc_spi0";
                        pins = "gpio2", "gpio3", "gpio4";
                        bias-disable;
                    };
                    eeprom_select: eeprom-cs-default-state {
                        function = "gpio";
                        pins = "gpio1";
                        bias-pull-up;
                    };
                };
            };
            fragment@3 {
                target = <&soc>;
                __overlay__ {
                    #address-cells = <1>;
                    #size-cells = <1>;
                    spi@7d004000 {
                        compatible = "brcm,bcm2835-spi";
                        reg = <0x7d004000 0x200>;
                        interrupts = <0 118 4>;
                        clocks = <&clk_vpu>;
                        num-cs = <1>;
                        #address-cells = <1>;
                        #size-cells = <0>;
                        pinctrl-names = "default";
                        pinctrl-0 = <&eeprom_pins &eeprom_select>;
                        cs-gpios = <&gio 1 1>;
                        spidev@0 {
                            compatible = "lwn,bk4";
                            reg = <0>;
                            spi-max-frequency = <20000000>;
                        };
                    };
                };
            };
        };

        """;

    /// <summary>
    /// What is different in stepping D0, as in Debian's bcm2712-d-rpi-5-b.dtb. The bootloader always loads the other tree, and on a D0 chip applies this
    /// overlay to it.
    /// </summary>
    private const string SteppingD0 = """
        /dts-v1/;
        /plugin/;
        / {
            fragment@0 {
                target-path = "/soc@107c000000/serial@7d001000";
                __overlay__ {
                    interrupts = <0 0x78 4>;
                };
            };
            fragment@1 {
                target-path = "/soc@107c000000/pinctrl@7d504100";
                __overlay__ {
                    compatible = "brcm,bcm2712d0-pinctrl";
                    reg = <0x7d504100 0x20>;
                };
            };
            fragment@2 {
                target-path = "/soc@107c000000/pinctrl@7d510700";
                __overlay__ {
                    compatible = "brcm,bcm2712d0-aon-pinctrl";
                    reg = <0x7d510700 0x1c>;
                };
            };
            fragment@3 {
                target-path = "/soc@107c000000/gpio@7d517c00";
                __overlay__ {
                    brcm,gpio-bank-widths = <15 6>;
                };
            };
        };

        """;

    public static Board Board { get; } = new()
    {
        Name = "rpi-5-b",
        Description = "Raspberry Pi 5",
        Architecture = "arm64",
        LibraryFolder = "aarch64-linux-gnu",
        Suite = RaspberryPi.Suite,
        // The kernel of trixie itself has neither SD card nor network on this board.
        KernelPackage = $"linux-image-arm64/{RaspberryPi.Suite}-backports",
        KernelModules =
        [
            .. RaspberryPi.CommonModules,
            // SD card.
            "sdhci-brcmstb", "gpio-brcmstb", "pinctrl-brcmstb", "pinctrl-brcmstb-bcm2712", "fixed", "gpio-regulator",
            // Network: in RP1, a chip behind PCI Express.
            "irq-bcm2712-mip", "rp1_pci", "clk-rp1", "pinctrl-rp1", "macb", "broadcom",
            // USB, in RP1 too.
            "dwc3", "xhci-plat-hcd",
            // EEPROM: its configuration as the firmware left it in memory, and the chip.
            "nvmem-rmem", "spi-bcm2835",
            "iproc-rng200",
            // QEMU knows no Raspberry Pi 5; its machine "virt" boots this image too.
            "virtio_net", "virtio_blk", "virtio_mmio", "virtio_rng", "sdhci-pci",
        ],
        Programs = [RaspberryPi.Flashrom],
        // The three pins beside the HDMI sockets.
        KernelCommandLine = "console=tty0 console=ttyAMA10,115200 panic=10 net.ifnames=0",
        BootLoader = new PiFirmware
        {
            // The first stages are in the EEPROM.
            Files = [],
            DeviceTrees = [new DeviceTree(DeviceTreeName, EepromAccess)],
            Overlays = [new DeviceTreeOverlay("bcm2712d0", SteppingD0)],
            BootsOverHttp = true,
        },
        ImageMebibytes = 512,
        BootMebibytes = 256,
    };
}
