using System.Diagnostics;
using System.Globalization;
using Shouldly;
using WaltVpn.RaspberryPi.Tests;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>
/// Does what the firmware of a Raspberry Pi does before the kernel starts, since QEMU has none: reads config.txt from the card, loads kernel, initramfs
/// and device tree from it, and writes the board's serial number into the tree.
/// </summary>
internal sealed class EmulatedPi
{
    /// <summary>Four emulated processors share what this machine has, and the agent is compiled as it runs.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    private readonly string _name;
    private readonly string? _card;
    private readonly string _folder;
    private readonly PiConfig _config;

    private EmulatedPi(string name, string? card, string folder, PiConfig config) => (_name, _card, _folder, _config) = (name, card, folder, config);

    private int Number => int.Parse(_name[4..], CultureInfo.InvariantCulture);

    private string Serial => $"{Number:x16}";

    private bool IsPi4 => !_config.Values.ContainsKey("device_tree") && File.Exists(Path.Combine(_folder, "bcm2711-rpi-4-b.dtb"));

    private string Mac => $"b8:27:eb:00:02:{Number:x2}";

    /// <summary>Reads a card.</summary>
    /// <param name="name">node0 to node99; decides serial number and MAC address.</param>
    /// <param name="filters">Of the model, for config.txt.</param>
    public static async Task<EmulatedPi> WithCard(string name, string card, params string[] filters)
    {
        var folder = Directory.CreateDirectory(RunningPlatform.File($"{name}.firmware")).FullName;
        await NodeImage.Mtools("mcopy", card, "-s", "-n", "::/*", folder);
        return await FromFolder(name, card, folder, filters);
    }

    /// <summary>Reads a boot.img, as a bootloader does that got it over HTTP; the board has no card.</summary>
    /// <param name="name">As above.</param>
    /// <param name="filters">As above.</param>
    public static async Task<EmulatedPi> WithBootImage(string name, string image, params string[] filters)
    {
        var folder = Directory.CreateDirectory(RunningPlatform.File($"{name}.boot-img")).FullName;
        await Tool.Succeed("mcopy", "-i", image, "-s", "-n", "::/*", folder);
        return await FromFolder(name, null, folder, filters);
    }

    private static async Task<EmulatedPi> FromFolder(string name, string? card, string folder, string[] filters) =>
        new(name, card, folder, PiConfig.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "config.txt")), filters));

    /// <summary>A Raspberry Pi 3 or 4; its network hangs on USB.</summary>
    public async Task<VirtualBoard> PowerOn()
    {
        // Without it these boards' firmware starts their processors as 32-bit ones.
        _config.Values["arm_64bit"].ShouldBe("1");
        var console = VirtualBoard.NewConsole(_name);
        // The console is the mini UART, the second serial port. QEMU's Raspberry Pi 4 never takes its interrupt back: there it is the first one.
        string[] machine = IsPi4
            ? ["-machine", "raspi4b", "-dtb", await Pi4Tree(), .. await Kernel(("ttyS1", "ttyAMA0")), "-serial", $"file:{console}"]
            : ["-machine", "raspi3b", "-dtb", await Pi3Tree(), .. await Kernel(), "-serial", "null", "-serial", $"file:{console}"];
        var board = await PowerOn(console, [.. machine, "-drive", $"file={_card},format=raw,if=sd"]);
        // The kernel's driver starts the USB controller twice, 50 ms or more apart; QEMU tells it only once of a device that was there from the beginning,
        // and on a busy machine that is too early.
        await board.Console.Await("walt-vpn startup: platform", Patience);
        await board.Monitor($"device_add usb-net,netdev=wire,mac={Mac}");
        return board;
    }

    /// <summary>The machine that QEMU makes up, for a board that it does not know: another processor core, disk and network on PCI Express.</summary>
    /// <param name="model">What the board's firmware would say it is.</param>
    /// <param name="eeprom">What the firmware leaves of it; null: nothing.</param>
    public async Task<VirtualBoard> PowerOnAsVirtualMachine(string model, EmulatedEeprom? eeprom = null)
    {
        var console = VirtualBoard.NewConsole(_name);
        string[] machine = ["-cpu", "cortex-a76", "-smp", "2", "-m", "1024"];
        // A real SD card, which Linux calls mmcblk0.
        string[] card = _card is not null ? ["-drive", $"file={_card},format=raw,if=none,id=card", "-device", "sdhci-pci", "-device", "sd-card,drive=card"] : [];
        return await PowerOn(
            console,
            [
                "-machine", "virt", .. machine, "-dtb", await VirtualTree(machine, model, eeprom), .. await Kernel(("ttyAMA10", "ttyAMA0")),
                .. card, .. eeprom is null ? [] : await eeprom.Load(_folder),
                "-device", $"virtio-net-pci,netdev=wire,mac={Mac},romfile=", "-device", "virtio-rng-pci", "-serial", $"file:{console}",
            ]);
    }

    private async Task<string> VirtualTree(string[] machine, string model, EmulatedEeprom? eeprom)
    {
        var (made, source, tree) = (Path.Combine(_folder, "qemu.dtb"), Path.Combine(_folder, "virt.dts"), Path.Combine(_folder, "virt.dtb"));
        await Tool.Succeed(RepositoryFolder.File("artifacts/tests/qemu-arm/qemu-system-aarch64"), ["-machine", $"virt,dumpdtb={made}", "-display", "none", .. machine]);
        await Tool.Succeed("dtc", "-q", "-I", "dtb", "-O", "dts", "-o", source, made);
        await File.AppendAllTextAsync(source, $"/ {{ model = \"{model}\"; serial-number = \"{Serial}\"; }};\n{eeprom?.TreeSource}");
        await Tool.Succeed("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", tree, source);
        return tree;
    }

    private async Task<VirtualBoard> PowerOn(string console, string[] machine)
    {
        await File.WriteAllTextAsync(console, "");
        var start = new ProcessStartInfo(RepositoryFolder.File("scripts/lib/emulated-pi"), [_name, console, .. machine]);
        return await VirtualBoard.PowerOn(_name, Serial, start, console, Patience);
    }

    /// <param name="console">The board's serial port and the machine's; of two ports of one driver Linux takes the first that is named, or none.</param>
    private async Task<string[]> Kernel((string Board, string Machine)? console = null)
    {
        var commandLine = (await File.ReadAllTextAsync(Path.Combine(_folder, "cmdline.txt"))).Trim();
        if (console is { } port)
        {
            commandLine.ShouldContain($"console={port.Board},");
            commandLine = commandLine.Replace($"console={port.Board},", $"console={port.Machine},", StringComparison.Ordinal);
        }

        return ["-kernel", Path.Combine(_folder, _config.Values["kernel"]), "-initrd", Path.Combine(_folder, _config.Initramfs), "-append", commandLine];
    }

    private Task<string> Pi3Tree() => DeviceTree(_config.Values["device_tree"]);

    private async Task<string> DeviceTree(string name)
    {
        var tree = Path.Combine(_folder, name);
        await Tool.Succeed("fdtput", "-t", "s", tree, "/", "serial-number", Serial);
        return tree;
    }

    /// <summary>Some of a Raspberry Pi 4's devices QEMU does not have; the firmware makes the USB port a host; the card hangs where the board has its radio.</summary>
    private async Task<string> Pi4Tree()
    {
        // No device_tree= on this card: the firmware takes the board's own.
        var tree = await DeviceTree("bcm2711-rpi-4-b.dtb");
        await Tool.Succeed("fdtput", "-t", "s", tree, "/soc/usb@7e980000", "dr_mode", "host");
        foreach (var device in (await Tool.Succeed("fdtget", "-l", tree, "/soc")).Split('\n').Where(IsAbsent))
            await Tool.Succeed("fdtput", "-t", "s", tree, $"/soc/{device}", "status", "disabled");
        await Tool.Succeed("fdtput", "-r", tree, "/soc/mmc@7e300000/wifi@1");
        foreach (var property in (string[])["mmc-pwrseq", "non-removable"]) await Tool.Succeed("fdtput", "-d", tree, "/soc/mmc@7e300000", property);
        return tree;
    }

    private static bool IsAbsent(string device) =>
        device is "interrupt-controller@7ef00100" or "clock@7ef00000" or "i2c@7ef04500" or "i2c@7ef09500" or "serial@7e215040"
        || device.Split('@')[0] is "hdmi" or "pixelvalve" or "hvs" or "vec" or "csi";
}
