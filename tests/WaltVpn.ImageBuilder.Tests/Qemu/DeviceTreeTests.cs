using System.Text.RegularExpressions;

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>What is added to Debian's device trees, read out of the trees on the card.</summary>
public sealed class DeviceTreeTests(PiImages images)
{
    /// <summary>A node, a property, and its value as fdtget prints it.</summary>
    public static TheoryData<string, string, string, string, string> Additions => new()
    {
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/aliases", "blpubkey", "/reserved-memory/nvram@1" },
        { "rpi-4-b", "bcm2711-rpi-400.dtb", "/aliases", "blpubkey", "/reserved-memory/nvram@1" },
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/aliases", "blconfig", "/reserved-memory/nvram@0" },
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/aliases", "spi0", "/soc/spi@7e204000" },
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/reserved-memory/nvram@1", "compatible", "raspberrypi,bootloader-public-key nvmem-rmem" },
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/soc/spi@7e204000", "status", "okay" },
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/soc/spi@7e204000/spidev@0", "compatible", "lwn,bk4" },
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/soc/pwm@7e20c800", "status", "disabled" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/aliases", "blconfig", "/reserved-memory/nvram@0" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/aliases", "blpubkey", "/reserved-memory/nvram@1" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/aliases", "spi10", "/soc@107c000000/spi@7d004000" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/reserved-memory/nvram@0", "compatible", "raspberrypi,bootloader-config nvmem-rmem" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/reserved-memory/nvram@0", "status", "disabled" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/soc@107c000000/spi@7d004000", "compatible", "brcm,bcm2835-spi" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/soc@107c000000/spi@7d004000/spidev@0", "compatible", "lwn,bk4" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/soc@107c000000/pinctrl@7d504100/eeprom-default-state", "pins", "gpio2 gpio3 gpio4" },
    };

    /// <summary>Nodes whose numbers must refer to other nodes of the same tree.</summary>
    public static TheoryData<string, string, string, int, string> References => new()
    {
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/soc/spi@7e204000 cs-gpios", 0, "/soc/gpio@7e200000" },
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/soc/spi@7e204000 pinctrl-0", 0, "/soc/gpio@7e200000/eeprom-pins" },
        { "rpi-4-b", "bcm2711-rpi-4-b.dtb", "/soc/spi@7e204000 pinctrl-0", 1, "/soc/gpio@7e200000/eeprom-select" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/soc@107c000000/spi@7d004000 cs-gpios", 0, "/soc@107c000000/gpio@7d508500" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/soc@107c000000/spi@7d004000 clocks", 0, "/clocks/clk-vpu" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/soc@107c000000/spi@7d004000 pinctrl-0", 0, "/soc@107c000000/pinctrl@7d504100/eeprom-default-state" },
        { "rpi-5-b", "bcm2712-rpi-5-b.dtb", "/soc@107c000000/spi@7d004000 pinctrl-0", 1, "/soc@107c000000/pinctrl@7d504100/eeprom-cs-default-state" },
    };

    [Theory]
    [MemberData(nameof(Additions))]
    public async Task TheEepromIsInTheTree(string board, string tree, string node, string property, string value)
    {
        await images.BuiltAsync(board);
        (await Fdtget("s", board, tree, node, property)).ShouldBe(value);
    }

    [Theory]
    [MemberData(nameof(References))]
    public async Task AnAdditionRefersToNodesOfItsTree(string board, string tree, string from, int index, string to)
    {
        await images.BuiltAsync(board);
        var (node, property) = (from.Split(' ')[0], from.Split(' ')[1]);
        var handle = (await Fdtget("u", board, tree, node, property)).Split(' ')[index];
        handle.ShouldBe(await Fdtget("u", board, tree, to, "phandle"));
    }

    [Fact]
    public async Task TheOverlayMakesTheTreeOfSteppingC0TheOneOfD0()
    {
        await images.BuiltAsync("rpi-5-b");
        using var folder = new TemporaryFolder();
        var (c0, d0) = (await DebiansTree("bcm2712-rpi-5-b.dtb", folder), await DebiansTree("bcm2712-d-rpi-5-b.dtb", folder));
        await HostProgram.CheckAsync(
            "fdtoverlay", ["-i", c0, "-o", folder["made.dtb"], Path.Combine(images.Boot("rpi-5-b"), "overlays/bcm2712d0.dtbo")]);
        (await Source(c0)).ShouldNotBe(await Source(d0));
        (await Source(folder["made.dtb"])).ShouldBe(await Source(d0));
        // And it fits the tree of the card, to which the firmware applies it.
        var ours = Path.Combine(images.Boot("rpi-5-b"), "bcm2712-rpi-5-b.dtb");
        await HostProgram.CheckAsync("fdtoverlay", ["-i", ours, "-o", folder["ours.dtb"], Path.Combine(images.Boot("rpi-5-b"), "overlays/bcm2712d0.dtbo")]);
        (await HostProgram.CheckAsync("fdtget", ["-t", "s", folder["ours.dtb"], "/soc@107c000000/pinctrl@7d504100", "compatible"])).Trim().ShouldBe("brcm,bcm2712d0-pinctrl");
    }

    /// <summary>A tree as Debian's kernel package has it.</summary>
    private async Task<string> DebiansTree(string name, TemporaryFolder folder)
    {
        var recorded = await File.ReadAllTextAsync(images.Lock("rpi-5-b"), TestContext.Current.CancellationToken);
        var package = Regex.Match(recorded, @"^(linux-base-\d[^=]*)=(\S+) (\S+) ", RegexOptions.Multiline).Groups;
        var deb = Path.Combine(PiImages.Archives, $"{package[1].Value}_{package[2].Value}_{package[3].Value}.deb");
        // The archive goes through a shell's pipe, since dpkg-deb unpacks all or nothing.
        await HostProgram.CheckAsync("sh", ["-c", """dpkg-deb --fsys-tarfile "$1" | tar -x --strip-components=7 -C "$2" --wildcards "*/broadcom/$3" """, "sh", deb, folder.Path, name]);
        return folder[name];
    }

    /// <summary>A tree as text, sorted; without the names of GPIO lines, which are for people.</summary>
    private static async Task<string> Source(string tree)
    {
        var text = await HostProgram.CheckAsync("dtc", ["-q", "-s", "-I", "dtb", "-O", "dts", tree]);
        return string.Join('\n', text.Split('\n').Where(line => !line.Contains("gpio-line-names", StringComparison.Ordinal)));
    }

    private async Task<string> Fdtget(string type, string board, string tree, string node, string property) =>
        (await HostProgram.CheckAsync("fdtget", ["-t", type, Path.Combine(images.Boot(board), tree), node, property])).Trim();
}
