using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Qemu;

/// <summary>
/// The SD image itself, booted by its own boot loader.
/// <code>
/// QEMU: BIOS ▸ syslinux ▸ kernel ▸ waltvpn-agent (PID 1)          server
///   e1000 ── br-site 192.168.50.0/24 ── 203.0.113.0/24 ──────────── sshd, waltvpnd, waltvpn-hub ── walt-net 10.77.0.0/24
/// </code>
/// </summary>
public sealed class VirtualBoardTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const string CardsEntrypoint = "203.0.113.1:2222";
    private const string AddedAddress = "203.0.113.9";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task BoardAsksOnceAndThenBootsByItself()
    {
        var card = await NodeImage.Card("node1");
        NodeView first;
        await using var added = await AddedEntrypoint.Make($"{AddedAddress}:2222");
        await using (var board = await VirtualBoard.PowerOn("node1", card))
        {
            first = await board.Join();
            board.Console.Text.ShouldContain($"key {first.Fingerprint} ({first.FingerprintWords})");
            await board.Console.Await($"SSH at {CardsEntrypoint}, {AddedAddress}:2222, 1 host keys; used from the next start on", Patience);
            await Ping(first);
            // A safe shutdown: init is asked, not cut.
            await board.Monitor("sendkey ctrl-alt-delete");
            await board.Off();
            board.Console.Text.ShouldContain("walt-vpn shutdown: restart");
        }

        await StatePartitionIsClean(card);
        var requests = (await RunningPlatform.Requests()).Count;
        // The only one that the card names is dead; the board knows another from the server.
        await added.BlackHoleAnother(CardsEntrypoint.Split(':')[0]);
        await using (var board = await VirtualBoard.PowerOn("node1", card, "-rtc", "base=1970-01-02T00:00:00"))
        {
            var second = await board.Online();
            board.Console.Text.ShouldContain($"walt-vpn tunnel: {CardsEntrypoint}: ");
            board.Console.Text.ShouldContain($"up through {AddedAddress}:2222");
            await Ping(second);
            (second.Id, second.Name, second.VpnMac, second.Fingerprint).ShouldBe((first.Id, first.Name, first.VpnMac, first.Fingerprint));
            board.Console.Text.ShouldNotContain("walt-vpn enrollment: asking");
            (await RunningPlatform.Requests()).Count.ShouldBe(requests);
            await TellsItsLifeAndStartsAnewWhenTold(board, second);
        }
    }

    private static async Task TellsItsLifeAndStartsAnewWhenTold(VirtualBoard board, NodeView node)
    {
        // Of this boot and of the one before, from the first line on; what failed stands where it failed.
        await Eventually.Holds("the node has told how it came in", async () => (await Waltvpn("node", "log", node.Name)).Contains("is online", StringComparison.Ordinal));
        (await Waltvpn("node", "log", node.Name)).ShouldContain("startup: waltvpn-agent");
        (await Waltvpn("node", "log", node.Name, "--boot", "-1")).ShouldContain("enrollment: asking");
        var timeline = await Waltvpn("node", "timeline", node.Name);
        board.Console.Text.ShouldContain("the clock said 1970-01-0");
        await board.Console.Await(", by the server");
        foreach (var stage in (string[])["startup", "network", "enrollment", "bootFiles", "tunnel", "online"]) timeline.ShouldContain($"\n{stage} ");
        timeline.Split('\n').Single(line => line.StartsWith("tunnel", StringComparison.Ordinal)).ShouldContain(CardsEntrypoint);
        await Waltvpn("node", "blink", node.Name, "--for", "5s");
        await board.Console.Await("the server has this node blink for 5 s, but it has no LED");
        await Waltvpn("node", "reboot", node.Name, "--yes");
        await board.Off();
        board.Console.Text.ShouldContain("the server has this node start anew");
        board.Console.Text.ShouldContain("walt-vpn shutdown: restart");
        (await Waltvpn("node", "log", node.Name)).ShouldContain("the server has this node start anew");
    }

    private static Task<string> Waltvpn(params string[] words) =>
        Tool.Succeed(RunningPlatform.Program("waltvpn"), ["--socket", RunningPlatform.File("run/api.sock"), .. words]);

    [Fact]
    public async Task DeniedBoardKeepsAskingPolitelyAndMayStillBeAccepted()
    {
        await using var board = await VirtualBoard.PowerOn("node2", await NodeImage.Card("node2"));
        var request = await board.Request();
        (await RunningPlatform.Cli("request", "deny", $"{request.Id}", "--reason", "not on my network")).Status.ShouldBe(0);
        await board.Console.Await("denied: not on my network.*Trying again in [0-9]+ s", Patience);
        (await RunningPlatform.Nodes()).ShouldNotContain(node => node.Serial == board.Serial);
        (await RunningPlatform.Cli("request", "accept", $"{request.Id}")).Status.ShouldBe(0);
        // It asks again by itself, after the minute it was told plus up to half of it.
        await board.Console.Await("walt-vpn online:", Patience);
        (await RunningPlatform.Requests()).Count(other => other.Serial == board.Serial).ShouldBe(1);
    }

    [Fact]
    public async Task TunnelComesBackByItselfWhateverIsKilled()
    {
        await using var board = await VirtualBoard.PowerOn("node3", await NodeImage.Card("node3"));
        var node = await board.Join();
        foreach (var kill in (Func<Task>[])[KillSession, KillHub, KillDaemon, KillSession, KillHub])
        {
            await kill();
            await Reachable(node);
        }

        // The tunnel comes back before the platform's DHCP server does: the lease still runs, and with it the address.
        await WithoutDhcpServer(async () =>
        {
            // A hub that was killed while the node asked for an address has left such a line too.
            var console = board.Console.FromNow();
            await KillSession();
            await console.Await("no DHCP answer on walt-vpn");
            await Reachable(node);
        });

        await board.Monitor("set_link wire off");
        await board.Console.Await("link down on eth0");
        await board.Monitor("set_link wire on");
        await board.Console.Await("link up again on eth0");
        await Reachable(node);

        // A USB adapter that is pulled and plugged again is a new interface to the kernel.
        await board.Monitor("device_del adapter");
        await board.Console.Await("eth0 was unplugged");
        await Eventually.Holds("the slot is free again", async () =>
        {
            var answer = await board.Monitor("device_add e1000,id=adapter,netdev=wire,mac=b8:27:eb:00:01:03");
            return !answer.Contains("Error", StringComparison.Ordinal);
        });
        await Reachable(node);
        board.Console.Text.ShouldNotContain("internal error");
        board.Console.Text.Split("Linux version").Length.ShouldBe(2, "it booted once");
    }

    [Fact]
    public async Task BoardWithATokenJoinsByItselfAndOnceRevokedIsCutAndNeverLetInAgain()
    {
        var settings = RunningPlatform.File("with-token.yaml");
        (await RunningPlatform.Cli("setup-node", "--output", settings, "--token-uses", "1", "--token-tag", "lab")).Status.ShouldBe(0);
        await using var board = await VirtualBoard.PowerOn("node4", await NodeImage.Card("node4", settings));
        var node = await board.Online();
        (await RunningPlatform.Requests()).Single(request => request.Serial == board.Serial).DecidedBy!.ShouldContain("(lab)");
        (await RunningPlatform.Cli("node", "revoke", node.Name, "--yes")).Status.ShouldBe(0);
        await board.Console.Await("the server refused this node's key");
        await board.Console.Await("asked again: denied: this key was revoked");
        (await RunningPlatform.Node(node.Id)).Tunnel.ShouldBeNull();
        (await Tool.Run("ping", "-c", "1", "-W", "1", node.Tunnel!.Addresses[^1])).Status.ShouldNotBe(0);
    }

    [Fact]
    public async Task BoardWhoseCertificateIsRefusedAsksAgainWithItsKey()
    {
        await using var board = await VirtualBoard.PowerOn("node8", await NodeImage.Card("node8"));
        var node = await board.Join();
        var requests = (await RunningPlatform.Requests()).Count;

        // In the second half of its life: the next one comes through the settings, and is used by the next tunnel, without a question.
        var first = (await RunningPlatform.Node(node.Id)).CertificateSerial;
        await Records($"UPDATE certificates SET valid_after = valid_after - 10 * (valid_before - valid_after) WHERE node_id = '{node.Id}'");
        await KillSession();
        await board.Console.Await("the next session uses the new certificate", Patience);
        await Reachable(node);
        await KillSession();
        await Eventually.Holds("the new one is used", async () => (await RunningPlatform.Node(node.Id)).Tunnel is { } tunnel && tunnel.CertificateSerial != first, Patience);
        board.Console.Text.ShouldNotContain("gave a new certificate");

        // Its life ended while the node was away: the same node gets the next one, and nobody is asked.
        await Records($"""
            UPDATE certificates SET valid_after = valid_before - 2 * (valid_before - valid_after), valid_before = unixepoch() - 1
            WHERE node_id = '{node.Id}'
            """);
        await KillSession();
        await board.Console.Await($"gave a new certificate; this node is {node.Name}, {node.VpnMac}", Patience);
        await Reachable(node);
        (await RunningPlatform.Requests()).Count.ShouldBe(requests);

        // The server's records are older than the node: it is a stranger, waits for an operator, and comes up as another station.
        await Records($"""
            DELETE FROM requests WHERE node_id = '{node.Id}';
            DELETE FROM certificates WHERE node_id = '{node.Id}';
            DELETE FROM node_keys WHERE node_id = '{node.Id}';
            DELETE FROM nodes WHERE id = '{node.Id}'
            """);
        await KillSession();
        var request = await board.Request();
        await Tool.Succeed(RunningPlatform.Program("waltvpn"), "--socket", RunningPlatform.File("run/api.sock"), "request", "accept", $"{request.Id}");
        NodeView? again = null;
        await Eventually.Holds(
            "it has an address as another station",
            async () => (again = (await RunningPlatform.Nodes()).SingleOrDefault(other => other.Serial == board.Serial)) is { Tunnel.Addresses.Count: > 0 },
            Patience);
        again!.VpnMac.ShouldNotBe(node.VpnMac);
        again.Fingerprint.ShouldBe(node.Fingerprint);
        await Reachable(again);
    }

    [Fact]
    public async Task BoardSpeaksToNoOtherServerThanItsImageKnows()
    {
        var settings = RunningPlatform.File("other-server.yaml");
        var other = RunningPlatform.File("other_host_key");
        await Tool.Succeed("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", other);
        var key = string.Join(' ', (await File.ReadAllTextAsync(other + ".pub", Cancellation)).Split(' ').Take(2)).Trim();
        var yaml = await File.ReadAllTextAsync(ImageSettings.YamlFile, Cancellation);
        await File.WriteAllTextAsync(settings, System.Text.RegularExpressions.Regex.Replace(yaml, "ssh-ed25519 [A-Za-z0-9+/=]+", key), Cancellation);
        await using var board = await VirtualBoard.PowerOn("node5", await NodeImage.Card("node5", settings));
        await board.Console.Await("showed another host key");
        (await RunningPlatform.Requests()).ShouldNotContain(request => request.Serial == board.Serial);
    }

    [Fact]
    public async Task BoardSaysWhatIsWrongAndGoesOnWhenItIsMended()
    {
        var card = await NodeImage.Card("node6");
        await using (var board = await VirtualBoard.PowerOnWithoutGenerator("node6", card, "-S"))
        {
            // -S: the wire is out before the processor starts.
            await board.Monitor("set_link wire off");
            await board.Monitor("cont");
            await board.Console.Await("no carrier on eth0. Is the cable plugged");
            await board.Monitor("set_link wire on");
            await board.Request();
            // docs/security.md NODE-7: no key before the kernel's generator is ready.
            var ready = board.Console.Text.IndexOf("crng init done", StringComparison.Ordinal);
            ready.ShouldBeInRange(0, board.Console.Text.IndexOf("enrollment: asking", StringComparison.Ordinal));
        }

        await NodeImage.Mtools("mdel", card, "::walt-vpn.json");
        await using (var board = await VirtualBoard.PowerOn("node6", card))
        {
            await board.Console.Await("walt-vpn.json is not on the boot partition");
            await board.Console.Await("Trying again");
        }
    }

    [Fact]
    public async Task BoardWithoutGeneratorWaitsForTheKernelsAndItsClonesMakeKeysOfTheirOwn()
    {
        var memory = RunningPlatform.File("node7.memory");
        var card = await NodeImage.Card("node7");
        await using (var original = await VirtualBoard.PowerOnWithoutGenerator("node7", card, "-S"))
        {
            // Kept without network: the key is made when the server has sent its nonce.
            await original.Monitor("set_link wire off");
            await original.Monitor("cont");
            await original.Console.Await("no carrier on eth0");
            await original.Monitor("stop");
            await original.Monitor($"migrate \"exec:cat >{memory}\"");
        }

        for (var clone = 1; clone <= 2; clone++)
        {
            var copy = RunningPlatform.File("node7-clone.img");
            await Tool.Succeed("cp", "--sparse=always", card, copy);
            await using var board = await VirtualBoard.PowerOnWithoutGenerator("node7", copy, "-incoming", $"exec:cat {memory}");
            // Told anything while it still reads its memory, it would keep the state that stands there: stopped, and no wire.
            await Eventually.Holds(
                "its memory is read",
                async () => (await board.Monitor("info status")).Contains("VM status: paused\r\n", StringComparison.Ordinal));
            await board.Monitor("set_link wire on");
            await board.Monitor("cont");
            await Eventually.Holds(
                $"clone {clone} asks with a key that nobody had",
                async () => (await RunningPlatform.Requests()).Count(request => request.Serial == board.Serial) == clone,
                Patience);
        }
    }

    private static async Task Ping(NodeView node) => await Tool.Succeed("ping", "-c", "2", "-W", "5", node.Tunnel!.Addresses[^1]);

    private static async Task Reachable(NodeView node) => await Eventually.Holds(
        $"{node.Name} answers again",
        async () => (await Tool.Run("ping", "-c", "1", "-W", "1", node.Tunnel!.Addresses[^1])).Status == 0,
        Patience);

    private static async Task KillSession() => await Tool.Succeed("pkill", "-KILL", "-f", "^sshd: walt-vpn");

    private static async Task WithoutDhcpServer(Func<Task> work)
    {
        var server = $"{RunningPlatform.Pid("dhcp-platform")}";
        await Tool.Succeed("kill", "-STOP", server);
        try
        {
            await work();
        }
        finally
        {
            await Tool.Succeed("kill", "-CONT", server);
        }
    }

    private static Task KillHub() => RunningPlatform.KillAndAwait("waltvpn-hub");

    private static Task KillDaemon() => RunningPlatform.KillAndAwait("waltvpnd");

    private static async Task Records(string sql) =>
        await Tool.Succeed("sqlite3", "-cmd", ".timeout 5000", RunningPlatform.File("state/waltvpn.db"), $"BEGIN IMMEDIATE; {sql}; COMMIT;");

    private static async Task StatePartitionIsClean(string card)
    {
        var partition = RunningPlatform.File("state.img");
        await Tool.Succeed("sh", "-c", $"""
            start=$(sfdisk --json {card} | grep -o '"start": [0-9]*' | tail -1 | tr -dc 0-9) &&
            dd if={card} of={partition} bs=512 skip=$start conv=sparse status=none &&
            e2fsck -fn {partition} &&
            dumpe2fs -h {partition} | grep -q 'state:  *clean'
            """);
        File.Delete(partition);
    }
}
