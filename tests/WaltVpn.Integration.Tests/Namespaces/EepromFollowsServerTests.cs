using System.Security.Cryptography;
using Shouldly;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>A new board in the platform's own network, the agent's <c>reconcile</c> against the real daemon: docs/eeprom.md "Following the server".</summary>
/// <remarks><code>
///   netns eeprom-board 10.77.0.21: waltvpn-agent reconcile ── HTTP ── walt-net 10.77.0.1:80 ── waltvpnd
///        └─ pieeprom.bin ─▸ key, certificate, known_hosts ─▸ ssh (netns site) ═══ sshd
/// </code></remarks>
public sealed class EepromFollowsServerTests(RunningPlatform platform) : PlatformTest(platform), IAsyncLifetime
{
    private const string Board = "eeprom-board";
    private const string Folder = "/run/eeprom-board";
    private const string Image = $"{Folder}/pieeprom.bin";

    private readonly ChangedSettings _settings = ChangedSettings.Keep();

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Folder);
        await File.WriteAllBytesAsync(Image, SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions), Cancellation);
        await Tool.Succeed("ip", "netns", "add", Board);
        await Tool.Succeed("ip", "link", "add", Board, "type", "veth", "peer", "name", "eth0", "netns", Board);
        await Tool.Succeed("ip", "link", "set", Board, "master", "walt-net", "up");
        await Tool.Succeed("ip", "-n", Board, "address", "add", "10.77.0.21/24", "dev", "eth0");
        await Tool.Succeed("ip", "-n", Board, "link", "set", "eth0", "up");
        await Tool.Succeed("ip", "-n", Board, "route", "add", "default", "via", RunningPlatform.LanAddress);
        await ChangedSettings.MakeBootKey();
    }

    [Fact]
    public async Task BoardEnrolsAndItsImageFollowsEachChangeOfTheServerOnce()
    {
        (await Reconcile()).ShouldContain("enrolment: the board is no node yet");
        var node = Node();
        var view = (await RunningPlatform.Nodes()).Single(other => other.VpnMac == node.Mac);
        view.Legacy.ShouldBeTrue();
        node.BootMode.ShouldBe(VpnBootMode.Enforced);
        node.HttpPath.ShouldBe("walt-vpn/per-ip/10-77-0-21");
        await Quiet();

        // What stands in the image opens the way in, through real ssh and sshd.
        await File.WriteAllTextAsync($"{Folder}/key", node.Credentials.PrivateKey.Reveal(), Cancellation);
        File.SetUnixFileMode($"{Folder}/key", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync($"{Folder}/certificate.pub", node.Credentials.Certificate, Cancellation);
        node.Credentials.KnownHosts.ShouldContain("ssh-ed25519 ");
        var ssh = new SshClient(Platform.Settings, $"{Folder}/key") { Certificate = $"{Folder}/certificate.pub" };
        (await ssh.Run(TunnelCommand.GetServerHostname)).Output.ShouldBe("server.demo.example\n");

        await Follows(
            settings => settings + "bootMode: permissive\n",
            "BOOT_ORDER: 0xf7 -> 0xf127", "ENABLE_SELF_UPDATE: 0 -> 1", "WALT_VPN_BOOT_MODE: enforced -> permissive");
        await Follows(
            settings => settings.Replace("entrypoint: 203.0.113.1", "entrypoint: boot.demo.example", StringComparison.Ordinal),
            "HTTP_HOST: 203.0.113.1 -> boot.demo.example");
        await ChangedSettings.MakeBootKey();
        (await Reconcile()).ShouldContain("boot signing key: SHA256:");
        await Quiet();

        var hostKey = $"ssh-ed25519 {await Fingerprint(RunningPlatform.File("etc/ssh_host_ed25519_key.pub"))}";
        await Follows(
            settings => settings.Replace("sshEntrypoints: [\"203.0.113.1:2222\"]", "sshEntrypoints: [\"198.51.100.1\"]", StringComparison.Ordinal),
            "WALT_VPN_ENTRYPOINT: 203.0.113.1 -> 198.51.100.1", "WALTVPN_ENTRYPOINTS: 203.0.113.1:2222 -> none",
            $"host key of [203.0.113.1]:2222: {hostKey} -> none", $"host key of 198.51.100.1: none -> {hostKey}");
        await Tool.Succeed("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", $"{Folder}/host_key");
        await Follows(
            settings => settings.Replace("hostKeyFiles: [", $"hostKeyFiles: [{Folder}/host_key.pub, ", StringComparison.Ordinal),
            $"host key of 198.51.100.1: none -> ssh-ed25519 {await Fingerprint($"{Folder}/host_key.pub")}");
        await Tool.Succeed(
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=boot", "-outform", "der", "-keyout", $"{Folder}/ca.key", "-out",
            $"{Folder}/ca.der");
        var hash = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync($"{Folder}/ca.der", Cancellation)));
        await Follows(settings => settings + $"bootCaCertificate: {Folder}/ca.der\n", $"HTTP_CACERT_HASH: none -> {hash}", $"CA certificate: none -> SHA256:{hash}");
        Node().Credentials.PrivateKey.Reveal().ShouldBe(node.Credentials.PrivateKey.Reveal());
    }

    [Fact]
    public async Task BoardThatIsANodeAsksOverSshAndTakesNoOlderSettings()
    {
        // First contact is over HTTP; from then on nobody there is asked.
        (await ReconcileOverSsh("--server", $"http://{RunningPlatform.LanAddress}")).Output.ShouldContain("written and read back");
        (await ReconcileOverSsh()).Output.ShouldContain("nothing to do: the board follows the server");

        await ChangedSettings.Change(settings =>
            settings.Replace("[\"203.0.113.1:2222\"]", "[\"198.51.100.1\", \"203.0.113.1:2222\"]", StringComparison.Ordinal) + "bootMode: permissive\n");
        var changed = await ReconcileOverSsh();
        foreach (var difference in (string[])
            [
                "WALT_VPN_ENTRYPOINT: 203.0.113.1 -> 198.51.100.1", "WALTVPN_ENTRYPOINTS: 203.0.113.1:2222 -> 198.51.100.1:22,203.0.113.1:2222",
                "WALT_VPN_BOOT_MODE: enforced -> permissive", "host key of 198.51.100.1: none -> ssh-ed25519 SHA256:",
            ])
        {
            changed.Output.ShouldContain(difference);
        }

        var number = Node().Credentials.Mark.Number;
        number.ShouldBeGreaterThan(0);
        // The first of its entrypoints leads nowhere.
        (await ReconcileOverSsh()).Output.ShouldContain("nothing to do: the board follows the server");

        // A server that was set back, by an old copy or by somebody who took it.
        await Tool.Succeed(
            "sqlite3", "-cmd", ".timeout 5000", RunningPlatform.File("state/waltvpn.db"),
            "DROP TRIGGER settings_counters_only_rise; UPDATE settings_counters SET counter = 7; UPDATE settings_epoch SET floor = 0;");
        var before = await File.ReadAllBytesAsync(Image, Cancellation);
        var refused = await ReconcileOverSsh();
        refused.Status.ShouldBe(3, refused.Output);
        refused.Errors.ShouldContain($"they have number 7, and this node has taken number {number}");
        (await File.ReadAllBytesAsync(Image, Cancellation)).ShouldBe(before);
        // As it says: a changed setting gets a number above all others.
        await ChangedSettings.Change(settings => settings.Replace("bootMode: permissive", "bootMode: enforced", StringComparison.Ordinal));
        (await ReconcileOverSsh()).Output.ShouldContain("WALT_VPN_BOOT_MODE: permissive -> enforced");
    }

    public new async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _settings.DisposeAsync();
        await Tool.Succeed("ip", "netns", "delete", Board);
        Directory.Delete(Folder, recursive: true);
    }

    private static async Task<string> Fingerprint(string key) => (await Tool.Succeed("ssh-keygen", "-l", "-f", key)).Split(' ')[1];

    private static VpnVariables Node() =>
        VpnVariables.ReadFrom(BootConfig.Parse(EepromImage.Parse(File.ReadAllBytes(Image)).Read(EepromFiles.BootConfig))).ShouldNotBeNull();

    private static Task<string> Reconcile() => Tool.Succeed(
        "ip", "netns", "exec", Board, RunningPlatform.Program("waltvpn-agent"), "reconcile", "--server", $"http://{RunningPlatform.LanAddress}", "--trust-http",
        "--image", Image);

    private static Task<ToolResult> ReconcileOverSsh(params string[] more) =>
        Tool.Run("ip", ["netns", "exec", Board, RunningPlatform.Program("waltvpn-agent"), "reconcile", "--image", Image, .. more]);

    private static async Task Follows(Func<string, string> change, params string[] differences)
    {
        await ChangedSettings.Change(change);
        (await Reconcile()).Split('\n').Where(line => line.Contains(" -> ", StringComparison.Ordinal)).ShouldBe(differences);
        await Quiet();
    }

    // The same again has nothing to do.
    private static async Task Quiet()
    {
        var before = await File.ReadAllBytesAsync(Image, Cancellation);
        (await Reconcile()).ShouldContain("nothing to do");
        (await File.ReadAllBytesAsync(Image, Cancellation)).ShouldBe(before);
    }
}
