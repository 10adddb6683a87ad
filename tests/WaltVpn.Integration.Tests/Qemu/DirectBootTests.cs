using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Qemu;

/// <summary>
/// The node's own operating system, its root on an NFS server behind the tunnel (docs/handoff.md).
/// <code>
/// QEMU: waltvpn-agent ▸ Debian's systemd                          server
///   e1000 ── br-site ── 203.0.113.0/24 ─── tunnel ──────────────── walt-net 10.77.0.1: NFS server, DHCP with option 17
///   walt-vpn 10.77.0.x ◀───────────────────────────────────────────────┘
/// </code>
/// </summary>
public sealed class DirectBootTests(RunningPlatform platform) : PlatformTest(platform)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // What the node's shell says of itself: pid, start time and argv[0] of each process that systemd must spare.
    private const string Survivors = """
        for p in /proc/[0-9]*; do
          name=$(tr '\0' ' ' <$p/cmdline 2>/dev/null)
          case $name in @*) echo "${p#/proc/} $(cut -d' ' -f22 $p/stat) $name" ;; esac
        done
        """;

    [Fact]
    public async Task DebianRunsFromTheTunnelAndOutlivesItsBreaks()
    {
        var root = await DebianRoot.Unpack(RunningPlatform.File("nfs-debian"));
        await using var server = await NfsServer.Start(root.Folder);
        await NfsServer.Announce($"{RunningPlatform.LanAddress}:{root.Folder},vers=4.2");
        try
        {
            await using var board = await VirtualBoard.PowerOn("node20", await NodeImage.Card("node20"));
            var node = await board.Join();
            await board.Console.Await($"handoff: {RunningPlatform.LanAddress}:{root.Folder}, named by DHCP option 17 .*, is mounted by NFS 4.2", Patience);
            await board.Console.Await("login:", Patience);
            var (boot, tunnel) = await IsWhatItShouldBe(node, root);
            await OutlivesTheServerAndTheCable(board, node, root);
            (await DebianRoot.Run(node, "cat /proc/sys/kernel/random/boot_id")).ShouldBe(boot);
            TunnelProcess(await DebianRoot.Run(node, Survivors)).ShouldBe(tunnel);
            board.Console.Text.Split("Linux version").Length.ShouldBe(2, "it booted once");

            // systemd stops all else and needs the root to the last: it spares the tunnel.
            await DebianRoot.Run(node, "systemctl reboot");
            await board.Console.Await("reboot: Restarting system", Patience);
            await board.Off();
            board.Console.Text.ShouldNotContain("internal error");
        }
        finally
        {
            await NfsServer.Announce("");
        }
    }

    [Fact]
    public async Task BoardSaysWhatIsWrongWithItsRootAndTakesItWhenItIsMended()
    {
        var folder = Directory.CreateDirectory(RunningPlatform.File("nfs-small")).FullName;
        await using var board = await VirtualBoard.PowerOn("node21", await NodeImage.Card("node21"));
        await board.Join();
        await board.Console.Await("online: the platform names no root file system: .*; tunnel only", Patience);

        await Renamed("iscsi:10.77.0.1::::iqn.2026", board, "online: DHCP option 17 .*: it must be");
        await Renamed($"{RunningPlatform.LanAddress}:{folder}", board, $"handoff: {RunningPlatform.LanAddress} does not answer as an NFS server.*Trying again every second");
        await using (await NfsServer.Start(folder, "3"))
        {
            await Renamed($"{RunningPlatform.LanAddress}:{folder},vers=4.2,sec=krb5", board, "NFS 4.2: the server does not speak it");
            board.Console.Text.ShouldContain("that are not taken: sec=krb5");
            await Renamed($"{RunningPlatform.LanAddress}:{folder}/nothing,vers=3", board, "NFS 3: the server (has no such directory|does not let this node have it)");
            await Renamed($"{RunningPlatform.LanAddress}:{folder}", board, "the root has no program /sbin/init");
            await SmallRoot.Make(folder);
            // The next attempt takes it, by the version the server has.
            await board.Console.Await($"handoff: {RunningPlatform.LanAddress}:{folder}, .*, is mounted by NFS 3; starting its /sbin/init", Patience);
            await board.Console.Await("small root: init 1, vers=3,", Patience);
        }

        board.Console.Text.Split("Linux version").Length.ShouldBe(2, "it booted once");
        board.Console.Text.ShouldNotContain("internal error");
    }

    // The node asks DHCP again when its tunnel was rebuilt.
    private static async Task Renamed(string rootPath, VirtualBoard board, string says)
    {
        await NfsServer.Announce(rootPath);
        await Tool.Succeed("pkill", "-KILL", "-f", "^sshd: walt-vpn");
        await board.Console.Await(says, Patience);
    }

    private static async Task<(string BootId, string Tunnel)> IsWhatItShouldBe(NodeView node, DebianRoot root)
    {
        await DebianRoot.Eventually(node, "systemctl is-active multi-user.target");
        (await DebianRoot.Run(node, "cat /proc/1/comm")).Trim().ShouldBe("systemd");
        (await DebianRoot.Run(node, "uname -r")).ShouldContain("-amd64");
        var mount = await DebianRoot.Run(node, "findmnt -rno FSTYPE,SOURCE,OPTIONS /");
        mount.ShouldStartWith($"nfs4 {RunningPlatform.LanAddress}:{root.Folder} rw");
        mount.ShouldContain("vers=4.2");
        mount.ShouldContain($"clientaddr={node.Tunnel!.Addresses[^1]}");
        (await DebianRoot.Run(node, "cat /sys/class/bdi/$(mountpoint -d /)/read_ahead_kb")).Trim().ShouldBe("2048");
        // 10.77.0.1 as the kernel prints it; a route of its own, whatever the site's network is.
        (await DebianRoot.Run(node, "cat /proc/net/route")).ShouldContain("walt-vpn\t01004D0A\t00000000");
        (await DebianRoot.Run(node, "cat /sys/class/net/walt-vpn/address")).Trim().ShouldBe($"{node.VpnMac}");
        (await DebianRoot.Run(node, "cat /run/nc-custom.sh")).ShouldBe($"#!/bin/sh\nexec nc -s {node.Tunnel!.Addresses[^1]} \"$@\"\n");
        // The node's key is none of the operating system's files.
        (await DebianRoot.Run(node, "ls /run/walt-vpn 2>&1 || true")).ShouldContain("No such file");
        (await DebianRoot.Run(node, "grep -c walt-vpn /proc/mounts || true")).Trim().ShouldBe("0");
        var survivors = await DebianRoot.Run(node, Survivors);
        survivors.ShouldContain("@/usr/bin/ssh ");
        survivors.Split("@/bin/busybox udhcpc").Length.ShouldBe(3, "one on the site's network, one on the platform's");
        return (await DebianRoot.Run(node, "cat /proc/sys/kernel/random/boot_id"), TunnelProcess(survivors));
    }

    private static async Task OutlivesTheServerAndTheCable(VirtualBoard board, NodeView node, DebianRoot root)
    {
        var leases = RunningPlatform.Log("dhcp-platform");
        await board.Monitor("set_link wire off");
        await board.Console.Await("link down on eth0", Patience);
        await Tool.Succeed("pkill", "-KILL", "-f", "^sshd: walt-vpn");
        foreach (var program in (string[])["sshd", "waltvpn-hub", "waltvpnd"]) await RunningPlatform.KillAndAwait(program);
        await File.WriteAllTextAsync(Path.Combine(root.Folder, "written-meanwhile"), "by the server\n");
        await board.Monitor("set_link wire on");
        await board.Console.Await("link up again on eth0", Patience);
        (await DebianRoot.Eventually(node, "cat /written-meanwhile && echo by the node >/answer")).ShouldBe("by the server\n");
        (await File.ReadAllTextAsync(Path.Combine(root.Folder, "answer"), Cancellation)).ShouldBe("by the node\n");
        // A tunnel that is rebuilt renews its address.
        await leases.Await($"DHCPACK\\(walt-net\\) {node.Tunnel!.Addresses[^1]} {node.VpnMac}", Patience);
    }

    private static string TunnelProcess(string survivors) => survivors.Split('\n').Single(line => line.Contains("@waltvpn-agent node", StringComparison.Ordinal));
}
