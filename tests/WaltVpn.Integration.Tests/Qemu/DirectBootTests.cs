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
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    // What the node's shell says of itself, in one login: each costs an emulated processor long.
    private const string Report = """
        echo "init $(cat /proc/1/comm), kernel $(uname -r), boot $(cat /proc/sys/kernel/random/boot_id)"
        findmnt -rno FSTYPE,SOURCE,OPTIONS /
        echo "read-ahead $(cat /sys/class/bdi/$(mountpoint -d /)/read_ahead_kb)"
        echo "walt-vpn is $(cat /sys/class/net/walt-vpn/address)"
        ip -4 route
        tail -n 1 /run/nc-custom.sh
        echo "of the agent: $(ls /run/walt-vpn 2>/dev/null) $(grep -c walt-vpn /proc/mounts)"
        """;

    // Pid, start time and argv[0] of each process that systemd must spare.
    private const string Survivors = """
        for p in /proc/[0-9]*; do
          name=$(tr '\0' ' ' <$p/cmdline 2>/dev/null)
          case $name in @*) echo "process ${p#/proc/} $(cut -d' ' -f22 $p/stat) $name" ;; esac
        done
        echo "boot $(cat /proc/sys/kernel/random/boot_id)"
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
            await IsWhatItShouldBe(node, root);
            var before = Lives(await DebianRoot.Run(node, Survivors));
            await OutlivesTheServerAndTheCable(board, node, root);
            Lives(await DebianRoot.Run(node, Survivors)).ShouldBe(before);
            board.Console.Text.Split("Linux version").Length.ShouldBe(2, "it booted once");

            // systemd stops all else and needs the root to the last: it spares the tunnel.
            (await RunningPlatform.Cli("node", "reboot", node.Name, "--yes")).Status.ShouldBe(0);
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
        var export = $"{RunningPlatform.LanAddress}:{folder}";
        await using var board = await VirtualBoard.PowerOn("node21", await NodeImage.Card("node21"));
        await board.Join();
        await board.Console.Await("online: the platform names no root file system: .*; tunnel only", Patience);

        await Renamed("iscsi:10.77.0.1::::iqn.2026", board, "online: DHCP option 17 .*: it must be");
        await Renamed(export, board, $"handoff: {RunningPlatform.LanAddress} does not answer as an NFS server.*Trying again every second");
        await using (await NfsServer.Start(folder, "3"))
        {
            await Renamed($"{export},vers=4.2,sec=krb5", board, "NFS 4.2: the server does not speak it");
            board.Console.Text.ShouldContain("that are not taken: sec=krb5");
            await Renamed($"{export}/nothing,vers=3", board, "NFS 3: the server (has no such directory|does not let this node have it)");
            await Renamed(export, board, "the root has no program /sbin/init");
            await SmallRoot.Make(folder);
            // The next attempt takes it, by the version the server has.
            await board.Console.Await($"handoff: {export}, .*, is mounted by NFS 3; starting its /sbin/init", Patience);
            await board.Console.Await("small root: init 1, vers=3", Patience);
        }

        board.Console.Text.Split("Linux version").Length.ShouldBe(2, "it booted once");
        board.Console.Text.ShouldNotContain("internal error");
    }

    // The node asks DHCP again when its tunnel was rebuilt.
    private static async Task Renamed(string rootPath, VirtualBoard board, string says)
    {
        await NfsServer.Announce(rootPath);
        // The one before may not be there again.
        await Eventually.Holds("a session to cut", async () => (await Tool.Run("pkill", "-KILL", "-f", "^sshd: walt-vpn")).Status == 0, Patience);
        await board.Console.Await(says, Patience);
    }

    private static async Task IsWhatItShouldBe(NodeView node, DebianRoot root)
    {
        var address = node.Tunnel!.Addresses[^1];
        var report = await DebianRoot.Eventually(node, $"systemctl is-active multi-user.target && {{ {Report}; }}");
        report.ShouldMatch("init systemd, kernel [0-9].*-amd64,");
        report.ShouldContain($"\nnfs4 {RunningPlatform.LanAddress}:{root.Folder} rw,");
        report.ShouldMatch($",vers=4.2,.*,clientaddr={address},");
        report.ShouldContain("\nread-ahead 2048\n");
        // udev gives no other address, and no other name, to what carries its root.
        report.ShouldContain($"\nwalt-vpn is {node.VpnMac}\n");
        report.ShouldContain(" dev eth0 ");
        // A route of its own, whatever the site's network is.
        report.ShouldMatch($"\n{RunningPlatform.LanAddress} dev walt-vpn ");
        report.ShouldContain($"\nexec nc -s {address} \"$@\"\n");
        // The node's key is none of the operating system's files.
        report.ShouldContain("\nof the agent:  0\n");
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

    // This boot's and the agent's: pid and start time. An ssh lasts as long as its tunnel, a udhcpc as long as it is answered.
    private static string Lives(string survivors)
    {
        survivors.ShouldContain("@/usr/bin/ssh ");
        var lines = survivors.Split('\n');
        lines.Count(line => line.Contains("@/bin/busybox udhcpc", StringComparison.Ordinal)).ShouldBe(2, "the site's network, and the platform's");
        var agent = lines.Single(line => line.Contains("@waltvpn-agent node", StringComparison.Ordinal));
        return $"{agent}, {lines.Single(line => line.StartsWith("boot ", StringComparison.Ordinal))}";
    }
}
