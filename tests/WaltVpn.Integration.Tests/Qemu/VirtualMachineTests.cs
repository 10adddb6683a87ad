using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Qemu;

/// <summary>
/// The node as a virtual machine on its board (docs/handoff.md "Mode vm").
/// <code>
/// QEMU: waltvpn-agent ▸ QEMU: the guest                                server
///   e1000 ── br-site ── 203.0.113.0/24 ─── tunnel ──────────────────── walt-net 10.77.0.1: web server, DHCP with boot file
///   walt-vpn ── walt-net ── walt-guest ── the guest's eth0 10.77.0.x ◀──────┘
///   xhci: a disk, a serial adapter, a tablet ──▶ the guest's, but the tablet
/// </code>
/// </summary>
public sealed class VirtualMachineTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const string Disk = "46f4:0001";
    private const string Serial = "0403:6001";
    private const string Tablet = "0627:0001";
    private const int Rounds = 3;
    private const string AddDisk = "device_add usb-storage,id=stick,drive=stick,bus=board.0";

    // An emulated machine in an emulated machine.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(12);

    // Ids of what is plugged into the guest.
    private const string Devices = """
        cd /sys/bus/usb/devices
        for d in [0-9]*; do [ ! -e "$d/idVendor" ] || echo "$(cat "$d/idVendor"):$(cat "$d/idProduct")"; done
        """;

    [Fact]
    public async Task GuestIsTheNodeAndHasTheBoardsUsbDevices()
    {
        await using var guest = await PublishedGuest.Announce();
        var stick = RunningPlatform.File("stick.img");
        await using (var file = File.Create(stick)) file.SetLength(8 << 20);
        var other = RunningPlatform.File("other-boot-key.pem");
        await Tool.Succeed("openssl", "genrsa", "-out", other, "2048");
        await PublishedGuest.Publish(other);
        await using var board = await VirtualBoard.PowerOn(
            "node30", await NodeImage.CardWithVirtualMachine("node30", guest.Settings),
            "-m", "768", "-smp", "2", "-device", "qemu-xhci,id=board,p2=8,p3=8", "-blockdev", $"driver=file,node-name=stick,filename={stick}",
            "-device", "usb-storage,id=stick,drive=stick,bus=board.0", "-chardev", "null,id=nothing",
            "-device", "usb-serial,chardev=nothing,always-plugged=on,bus=board.0",
            "-device", "usb-tablet,bus=board.0");
        var node = await board.Join();
        await IsRefusedUntilItIsSigned(board);

        await board.Console.Await("the virtual machine runs: 160 MiB, 1 processors", Patience);
        board.Console.Text.ShouldContain("this board's processor cannot run virtual machines");
        var has = await board.Console.Await("guest: vm guest: eth0 has (10\\.77\\.0\\.[0-9]+), ([0-9a-f:]+)", Patience);
        (has.Groups[1].Value, has.Groups[2].Value).ShouldBe((node.Tunnel!.Addresses[^1], $"{node.VpnMac}"), "it is the node, as the server knows it");
        await board.Console.Await("guest: vm guest: ready", Patience);
        await Tool.Succeed("ping", "-c", "3", "-W", "10", node.Tunnel.Addresses[^1]);
        await Eventually.Holds("the guest has disk and serial adapter", async () => await Plugged(node) is [Serial, Disk], Patience);
        board.Console.Text.ShouldMatch($"USB {Tablet} at port [0-9.-]+ stays with the board: usbDeny names it");

        await WritesToTheDisk(node, stick);
        await FollowsPlugAndUnplug(board, node);
        await OutlivesABreakOfTheTunnel(node);

        await PublishedGuest.Run(node, "(sleep 1; reboot -f) >/dev/null 2>&1 </dev/null &");
        await board.Console.Await("the virtual machine restarts; the board starts over", Patience);
        await board.Console.Await("walt-vpn shutdown: restart", Patience);
        await board.Off();
        board.Console.Text.ShouldNotContain("internal error");
    }

    private static async Task IsRefusedUntilItIsSigned(VirtualBoard board)
    {
        await board.Console.Await("the virtual machine's image .* is refused: its boot.sig is not signed with this platform's boot key. Trying", Patience);
        board.Console.Text.ShouldNotContain("the virtual machine runs");
        await PublishedGuest.Publish();
        await board.Console.Await("the virtual machine's image [0-9a-f]{16}, epoch 0, is here from http://10.77.0.1:8000/boot.img", Patience);
    }

    private static async Task WritesToTheDisk(NodeView node, string stick)
    {
        await Eventually.Holds(
            "the guest has a disk", async () => (await PublishedGuest.TryRun(node, "ls /dev/sda")).Contains("/dev/sda", StringComparison.Ordinal), Patience);
        await PublishedGuest.Run(node, "echo written by the guest | dd of=/dev/sda bs=512 conv=fsync 2>/dev/null");
        (await File.ReadAllTextAsync(stick, Cancellation)).ShouldStartWith("written by the guest\n");
    }

    private static async Task FollowsPlugAndUnplug(VirtualBoard board, NodeView node)
    {
        for (var round = 1; round <= Rounds; round++)
        {
            await board.Monitor("device_del stick");
            await Eventually.Holds($"round {round}: the guest's disk is gone", async () => await Plugged(node) is [Serial], Patience);
            // The first device that was taken away may still be on its way out.
            await Eventually.Holds(
                $"round {round}: it is plugged", async () => !(await board.Monitor(AddDisk)).Contains("Error", StringComparison.Ordinal), Patience);
            await Eventually.Holds($"round {round}: the guest's disk is back", async () => await Plugged(node) is [Serial, Disk], Patience);
        }
    }

    private static async Task OutlivesABreakOfTheTunnel(NodeView node)
    {
        var boot = await PublishedGuest.Run(node, "cat /proc/sys/kernel/random/boot_id");
        await Tool.Succeed("pkill", "-KILL", "-f", "^sshd: walt-vpn");
        await Eventually.Holds(
            "the guest answers again", async () => (await Tool.Run("ping", "-c", "1", "-W", "1", node.Tunnel!.Addresses[^1])).Status == 0, Patience);
        await Eventually.Holds("it is the same boot", async () => await PublishedGuest.TryRun(node, "cat /proc/sys/kernel/random/boot_id") == boot, Patience);
    }

    private static async Task<string[]> Plugged(NodeView node) =>
        [.. (await PublishedGuest.TryRun(node, Devices)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
}
