using Shouldly;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Arm;

/// <summary>
/// SD images of Raspberry Pi boards, as <c>waltvpn-image</c> makes them, on emulated arm64 processors.
/// <code>
/// QEMU: kernel, device tree, initramfs from the card ▸ waltvpn-agent (PID 1)          server
///   USB network ── br-site 192.168.50.0/24 ── 203.0.113.0/24 ──────────────────────── sshd, waltvpnd, waltvpn-hub ── walt-net 10.77.0.0/24
/// </code>
/// </summary>
/// <remarks>The agent is the real one, compiled as it runs: the compiler for arm64 is not to be had everywhere (scripts/lib/arm64-agent).</remarks>
public sealed class RaspberryPiTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const string Model = "Raspberry Pi 5 Model B Rev 1.0";

    [Theory]
    [InlineData("node30", "rpi-3-b-plus", "Raspberry Pi 3 Model B+", "pi3", "pi3+")]
    [InlineData("node34", "rpi-4-b", "Raspberry Pi 4 Model B", "pi4")]
    public async Task CardBootsOnItsEmulatedBoardToATunnel(string name, string board, string model, params string[] filters)
    {
        var card = await NodeImage.PiCard(name, board);
        (await Tool.Succeed(RunningPlatform.Program("waltvpn-image"), "inspect", card)).ShouldContain("TEST RUNTIME");
        var pi = await EmulatedPi.WithCard(name, card, filters);
        await using var powered = await pi.PowerOn();
        var node = await powered.Join();
        powered.Console.Text.ShouldContain("TEST RUNTIME");
        (node.Model, node.Serial).ShouldBe((model, powered.Serial));
        await Reachable(node);
        powered.Console.Text.ShouldNotContain("internal error");
    }

    [Fact]
    public async Task CardOfARaspberryPi5StartsThePublishedImageOnAnotherMachine()
    {
        // QEMU has no Raspberry Pi 5. Kernel, modules, initramfs and agent are those of the card and of boot.img; the devices are not.
        var card = await NodeImage.PiCard("node31", "rpi-5-b", await PublishedImage.MakeKey());
        await PublishedImage.Publish("rpi-5-b", await NodeImage.BootImage("rpi-5-b"));
        using var entrypoint = await PublishedImage.Entrypoint();
        try
        {
            var pi = await EmulatedPi.WithCard("node31", card, "pi5");
            await using var board = await pi.PowerOnAsVirtualMachine(Model);
            var node = await board.Join();
            (node.Model, node.Serial).ShouldBe((Model, board.Serial));
            await board.Console.Await("bootfiles: boot image [0-9a-f]{16} has come in and is good", EmulatedPi.Patience);
            board.Console.Text.Split("Linux version").Length.ShouldBe(3, "the card's kernel, and the image's");
            await Reachable(node);
            board.Console.Text.ShouldNotContain("internal error");
        }
        finally
        {
            entrypoint.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task EepromOfARaspberryPi5FollowsTheServerAndIsThenAllTheBoardNeeds()
    {
        // Real kernel, device tree and driver (nvmem-rmem); the card takes the place of the chip, which QEMU does not have.
        await using var settings = await ChangedSettings.Make(text => text + "bootMode: permissive\n");
        await ChangedSettings.MakeBootKey();
        var card = await NodeImage.PiCard("node32", "rpi-5-b");
        var firmware = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5Single));
        await PutOnCard(card, "pieeprom.bin", firmware.Bytes.ToArray());
        await PutOnCard(card, "recovery.bin", [1, 2, 3, 4]);
        var pi = await EmulatedPi.WithCard("node32", card, "pi5");
        await using (var board = await pi.PowerOnAsVirtualMachine(Model, Seen(firmware, bootMode: 1)))
        {
            var request = await board.Request();
            (await RunningPlatform.Cli("request", "accept", $"{request.Id}")).Status.ShouldBe(0);
            // It starts again, and this machine goes off instead.
            await board.Console.Await("walt-vpn shutdown: restart", EmulatedPi.Patience);
            board.Console.Text.ShouldMatch("walt-vpn startup: the EEPROM's configuration is in /sys/.*/nvmem");
            board.Console.Text.ShouldContain("walt-vpn settings: EEPROM: WALT_VPN_BOOT_MODE: none -> permissive");
            board.Console.Text.ShouldContain("the board writes it at its next start");
            await board.Off();
        }

        var staged = RunningPlatform.File("node32.upd");
        await NodeImage.Mtools("mcopy", card, "-n", "::pieeprom.upd", staged);
        var written = EepromImage.Parse(await File.ReadAllBytesAsync(staged, Cancellation));
        var node = VpnVariables.ReadFrom(BootConfig.Parse(written.Read(EepromFiles.BootConfig))).ShouldNotBeNull();
        (await NodeImage.Mtools("mdir", card, "-b")).ShouldContain("recovery.bin", Case.Insensitive);

        // What the recovery program would have written, a boot.img, and no card.
        pi = await EmulatedPi.WithBootImage("node32", await NodeImage.BootImage("rpi-5-b"), "pi5");
        await using (var board = await pi.PowerOnAsVirtualMachine(Model, Seen(written, bootMode: 7)))
        {
            var online = await board.Online();
            online.VpnMac.ShouldBe(node.Mac);
            board.Console.Text.ShouldContain("walt-vpn settings: the EEPROM follows the server: nothing to do");
            await Reachable(online);
            board.Console.Text.ShouldNotContain("internal error");
        }
    }

    [Fact]
    public async Task RaspberryPi5WithWhatItsRecoveryCardWroteJoinsByItsTokenAndNeedsNoCard()
    {
        await ChangedSettings.MakeBootKey();
        var (yaml, archive) = (RunningPlatform.File("with-token.yaml"), RunningPlatform.File("recovery.tar.gz"));
        (await RunningPlatform.Cli("setup-node", "--token-uses", "1", "--output", yaml)).Status.ShouldBe(0);
        var firmware = Directory.CreateDirectory(RunningPlatform.File("firmware")).FullName;
        await File.WriteAllBytesAsync(Path.Combine(firmware, "pieeprom-2026-05-26.bin"), SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions), Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(firmware, "recovery.bin"), new byte[100_000], Cancellation);
        await Tool.Succeed(
            RunningPlatform.Program("waltvpn-image"), "recovery", "--board", "rpi-5-b", "--firmware", firmware, "--settings", yaml, "--output", archive);
        await Tool.Succeed("tar", "-xzf", archive, "-C", firmware);
        var image = EepromImage.Parse(await File.ReadAllBytesAsync(Path.Combine(firmware, "pieeprom.bin"), Cancellation));

        var pi = await EmulatedPi.WithBootImage("node33", await NodeImage.BootImage("rpi-5-b"), "pi5");
        await using var board = await pi.PowerOnAsVirtualMachine(Model, Seen(image, bootMode: 7));
        var node = await board.Online();
        (node.Model, node.Serial).ShouldBe((Model, board.Serial));
        board.Console.Text.ShouldNotContain("/boot.sig", customMessage: "the firmware has fetched the server's image");
        // QEMU has no chip that could keep the identity.
        board.Console.Text.ShouldContain("this board's bootloader cannot be replaced from here");
        await Reachable(node);
        board.Console.Text.ShouldNotContain("internal error");
    }

    private static EmulatedEeprom Seen(EepromImage image, int bootMode) =>
        new(image.Read(EepromFiles.BootConfig).ToArray(), image.Read(EepromFiles.PublicKey).ToArray(), bootMode);

    private static async Task PutOnCard(string card, string name, byte[] content)
    {
        var file = RunningPlatform.File($"card-{name}");
        await File.WriteAllBytesAsync(file, content, Cancellation);
        var files = await NodeImage.Mtools("mdir", card, "-b");
        if (!files.Contains("eeprom", StringComparison.OrdinalIgnoreCase)) await NodeImage.Mtools("mmd", card, "::eeprom");
        await NodeImage.Mtools("mcopy", card, file, $"::eeprom/{name}");
    }

    private static Task Reachable(NodeView node) => Eventually.Holds(
        $"{node.Name} answers through its tunnel",
        async () => (await Tool.Run("ping", "-c", "1", "-W", "10", node.Tunnel!.Addresses[^1])).Status == 0,
        EmulatedPi.Patience);
}
