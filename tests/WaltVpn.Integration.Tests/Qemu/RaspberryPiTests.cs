using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Qemu;

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
    [Fact]
    public async Task CardOfARaspberryPi3BootsToATunnel()
    {
        var card = await NodeImage.PiCard("node30", "rpi-3-b-plus");
        (await Tool.Succeed(RunningPlatform.Program("waltvpn-image"), "inspect", card)).ShouldContain("TEST RUNTIME");
        var pi = await EmulatedPi.WithCard("node30", card, "pi3", "pi3+");
        await using var board = await pi.PowerOn();
        var node = await board.Join();
        board.Console.Text.ShouldContain("TEST RUNTIME");
        (node.Model, node.Serial).ShouldBe(("Raspberry Pi 3 Model B+", board.Serial));
        await Reachable(node);
        board.Console.Text.ShouldNotContain("internal error");
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
            await using var board = await pi.PowerOnAsVirtualMachine("Raspberry Pi 5 Model B Rev 1.0");
            var node = await board.Join();
            (node.Model, node.Serial).ShouldBe(("Raspberry Pi 5 Model B Rev 1.0", board.Serial));
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

    private static Task Reachable(NodeView node) => Eventually.Holds(
        $"{node.Name} answers through its tunnel",
        async () => (await Tool.Run("ping", "-c", "1", "-W", "10", node.Tunnel!.Addresses[^1])).Status == 0,
        EmulatedPi.Patience);
}
