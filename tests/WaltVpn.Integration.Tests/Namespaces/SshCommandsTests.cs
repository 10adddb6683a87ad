using System.Collections.Concurrent;
using System.Text;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>The closed list of commands: docs/security.md SSH-4.</summary>
/// <remarks><code>
///   netns site, netns lan: ssh -- TEXT ═══ sshd ── waltvpn-hub connect: TEXT is compared, never used ── ✗ a canary's file
/// </code></remarks>
public sealed class SshCommandsTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const string Cage = "/run/waltvpn-canary";
    private const int AtOnce = 4;

    [Fact]
    public async Task WaltsQuestionsAreAnswered()
    {
        var node = await NewNode();
        var name = await node.Ssh.Run(TunnelCommand.GetServerHostname);
        (name.Status, name.Output).ShouldBe((0, "server.demo.example\n"));
        var away = await node.Ssh.Run(TunnelCommand.CheckInWaltNet);
        (away.Status, away.Output).ShouldBe((1, "FAILED\n"));
        var home = await (node.Ssh with { Namespace = Lan.Namespace, Address = RunningPlatform.LanAddress }).Run(TunnelCommand.CheckInWaltNet);
        (home.Status, home.Output).ShouldBe((0, "OK\n"));
    }

    [Fact]
    public async Task NodeIsToldItsOwnSettingsWithTheSameNumberAfterARestart()
    {
        var (node, other) = (await NewNode(), await NewNode());
        var line = (await node.Ssh.Run(TunnelCommand.Settings)).Output;
        var told = SettingsDocument.Parse(Encoding.UTF8.GetBytes(line.TrimEnd('\n')));
        (told.NodeId, told.VpnMac, told.Platform).ShouldBe((node.Identity.NodeId, node.Identity.VpnMac, "demo"));
        told.Certificate.ShouldBe(string.Join(' ', node.Identity.Certificate.Split(' ')[..2]));
        told.SshEntrypoints.ShouldBe(["203.0.113.1:2222"]);
        (await File.ReadAllTextAsync(Platform.Settings.KnownHosts, Cancellation)).ShouldContain(told.HostKeys.ShouldHaveSingleItem());
        (await other.Ssh.Run(TunnelCommand.Settings)).Output.ShouldContain(other.Identity.NodeId);
        await RunningPlatform.KillAndAwait("waltvpnd");
        (await node.Ssh.Run(TunnelCommand.Settings)).Output.ShouldBe(line);
        (await RunningPlatform.Cli("node", "revoke", other.Identity.Name, "--yes")).Status.ShouldBe(0);
        (await other.Ssh.Run(TunnelCommand.Settings)).Status.ShouldBe(255);
    }

    [Fact]
    public async Task TwoHundredHostileTextsAreEachRefusedOnceAndStartNothing()
    {
        var texts = Hostile().Distinct().ToList();
        texts.Count.ShouldBeGreaterThanOrEqualTo(200);
        Directory.CreateDirectory(Cage);
        File.SetUnixFileMode(Cage, (UnixFileMode)0b111_111_111);
        var node = await NewNode();
        var hub = RunningPlatform.Log("waltvpn-hub");
        var wrong = new ConcurrentBag<string>();
        await Parallel.ForEachAsync(texts, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Cancellation }, async (text, _) =>
        {
            var result = await node.Ssh.Run(text);
            var refusals = result.Errors.Split('\n').Count(line => line == "waltvpn-hub: this command is not one of those a node may ask for");
            if (result.Status != 1 || result.Output != "" || refusals != 1) wrong.Add($"{text}: {result}");
        });
        wrong.ShouldBeEmpty();
        Directory.GetFileSystemEntries(Cage).ShouldBeEmpty();
        hub.Text.ShouldNotContain("connected");
    }

    private static IEnumerable<string> Hostile()
    {
        string[] starts =
        [
            "x", TunnelCommand.Version2, TunnelCommand.CheckInWaltNet, TunnelCommand.GetServerHostname, TunnelCommand.Settings, "waltvpn-tunnel", "''", "\"\"",
            "/usr/bin/true", "waltvpn-hub connect", "--",
        ];
        string[] joints =
        [
            ";{0}", " && {0}", " || {0}", " | {0}", " & {0}", "\n{0}\n", "$({0})", "`{0}`", "';{0};'", "\";{0};\"", " >{1}", " -o ProxyCommand='{0}'",
            "${{IFS}}{0}", "\\\n{0}", " <({0})",
        ];
        foreach (var start in starts)
            foreach (var joint in joints)
                yield return string.Format(System.Globalization.CultureInfo.InvariantCulture, start + joint, $"touch {Cage}/bird", $"{Cage}/bird");
        // Almost one of the list.
        string[] good = [TunnelCommand.Version2, TunnelCommand.CheckInWaltNet, TunnelCommand.GetServerHostname, TunnelCommand.Settings];
        foreach (var command in good)
        {
            string[] variants =
            [
                " " + command, command + " ", command.ToUpperInvariant(), command + "\n", "\t" + command, command + "\r", command[..^1], command + "0",
                $"\"{command}\"", command + "\u200b",
            ];
            foreach (var almost in variants) yield return almost;
        }

        string[] programs =
        [
            "sh", "/bin/sh", "bash -i", "sh -c 'id'", "id", "env", "scp -t /run/waltvpn-canary", "scp -f /etc/shadow",
            "rsync --server . /run/waltvpn-canary", "internal-sftp", "/usr/lib/openssh/sftp-server", "sudo -s", "su -", "../../bin/sh",
            "waltvpn-hub serve", "waltvpn-hub enroll", "waltvpn-tunnel 1", "waltvpn-tunnel 2 3", "waltvpn-tunnel -2",
            "waltvpn-tunnel 99999999999999999999", "%s%s%s%n", "\u001b[2J", "\u202e", "!!",
        ];
        foreach (var program in programs) yield return program;
        yield return new string('A', 100_000);
    }
}
