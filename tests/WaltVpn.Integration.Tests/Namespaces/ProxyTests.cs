using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>Scripts of <c>waltvpn setup-proxy</c>, as they are, on machines with systemd and sshd: docs/security.md SSH-2, LEG-6.</summary>
/// <remarks><code>
///   netns site: ssh ═══ proxy1 (:2222 relay) ═══ proxy2 (:2222 relay) ═══ 203.0.113.1:2222 sshd ── waltvpnd, hub
///   netns site: WalT's ssh -A ═══ proxy1 (:22 its own sshd, walt-vpn) ═══ 203.0.113.1:2222
/// </code></remarks>
public sealed class ProxyTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const string Server = $"{RunningPlatform.PublicAddress}:{RunningPlatform.SshPort}";

    [Fact]
    public async Task NodeJoinsAndKeepsItsTunnelThroughOneProxyAndThroughTwoInARow()
    {
        await using var last = await ProxyMachine.Boot(1);
        await Succeeds(last, "--next", Server);
        await using var first = await ProxyMachine.Boot(2);
        await Succeeds(first, "--next", $"{last.Address}:2222");
        foreach (var proxy in (ProxyMachine[])[last, first])
        {
            var test = await RunningPlatform.Cli("entrypoint", "test", "ssh", $"{proxy.Address}:2222");
            test.Status.ShouldBe(0, test.Output + test.Errors);

            // The host key is the server's: the session does not end at the proxy.
            var node = await NewBoard();
            node.Through = client => proxy.Way(client);
            await node.Join();
            (await node.Ssh.Run(TunnelCommand.GetServerHostname)).Output.ShouldBe("server.demo.example\n");
            var tunnel = await Online(node);
            await tunnel.AwaitPing();
            // The server sees who knocked last.
            var request = (await RunningPlatform.Requests()).Single(view => view.Fingerprint == node.Fingerprint);
            request.Source.ShouldBe(last.Address);
        }

        // Bytes are passed on, nothing is kept: no key, no shell, no capability.
        (await last.Run("sh", "-c", "grep -h CapEff /proc/$(systemctl show -p MainPID --value walt-vpn-proxy)/status")).ShouldContain("0000000000000000");
        // systemd.exec(5) DynamicUser: from this range.
        int.Parse(await last.Run("sh", "-c", "stat -c %u /proc/$(systemctl show -p MainPID --value walt-vpn-proxy)"), CultureInfo.InvariantCulture)
            .ShouldBeInRange(61184, 65519);
    }

    [Fact]
    public async Task EvilProxyReadsNothingAndPassesNothingThatItChanged()
    {
        const string Answer = "server.demo.example\n";
        var node = await NewNode();
        var way = node.Ssh;
        using var watching = new EvilRelay();
        (await (way with { Port = watching.Port }).Run(TunnelCommand.GetServerHostname)).Output.ShouldBe(Answer);
        await watching.Ended();
        var (up, down) = (watching.Up.ToArray(), watching.Down.ToArray());
        foreach (var secret in (string[])[Answer.Trim(), TunnelCommand.GetServerHostname, "walt-vpn", node.Identity.NodeId])
        {
            up.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)).ShouldBe(-1, secret);
            down.AsSpan().IndexOf(Encoding.ASCII.GetBytes(secret)).ShouldBe(-1, secret);
        }

        // The answer is in the second half of what comes down, behind keys and login.
        foreach (var (isUp, length) in (IEnumerable<(bool, int)>)[(true, up.Length), (false, down.Length)])
        {
            for (var eighth = 1; eighth <= 7; eighth++)
            {
                foreach (var flips in (bool[])[true, false])
                {
                    (bool, long) place = (isUp, length * eighth / 8);
                    using var relay = flips ? new EvilRelay(flip: place) : new EvilRelay(cut: place);
                    var result = await (way with { Port = relay.Port }).Run(TunnelCommand.GetServerHostname);
                    result.Output.ShouldBeOneOf("", Answer);
                    if (eighth <= 4) result.Status.ShouldNotBe(0, $"{eighth}/8 up {isUp} flips {flips}: {result}");
                    await relay.Ended();
                }
            }
        }

        // What was heard once, said again, opens nothing.
        var sshd = RunningPlatform.Log("sshd");
        using var again = new TcpClient();
        await again.ConnectAsync(RunningPlatform.PublicAddress, int.Parse(RunningPlatform.SshPort, CultureInfo.InvariantCulture), Cancellation);
        await using var stream = again.GetStream();
        try
        {
            await stream.WriteAsync(up, Cancellation);
            await stream.CopyToAsync(Stream.Null, Cancellation).WaitAsync(Tool.Deadline, Cancellation);
        }
        catch (IOException)
        {
            // Reset: that is a no as well.
        }

        sshd.Text.ShouldNotContain("Accepted");
    }

    [Fact]
    public async Task ScriptRefusesToRunTwiceOrOnTheServerAndUninstallLeavesNothing()
    {
        await using var proxy = await ProxyMachine.Boot(1);
        foreach (string[] kind in (string[][])[["--listen", "2222"], ["--walt-compatible"]])
        {
            await proxy.Bring(["--next", Server, .. kind]);
            // Systemd's own first start of a unit of this kind leaves nothing that is ours.
            var before = await proxy.State();
            var dry = await proxy.Script("--dry-run");
            dry.Status.ShouldBe(0, dry.Errors);
            dry.Output.ShouldContain("would write");
            (await proxy.State()).ShouldBe(before);
            (await proxy.Script("--uninstall")).Errors.ShouldContain("this machine is no proxy");
            (await proxy.Script("--what")).Status.ShouldBe(2);

            var first = await proxy.Script();
            first.Status.ShouldBe(0, first.Output + first.Errors);
            var installed = await proxy.State();
            installed.ShouldNotBe(before);
            var second = await proxy.Script();
            (second.Status, second.Errors.Contains("is a proxy already", StringComparison.Ordinal)).ShouldBe((1, true), second.Errors);
            (await proxy.State()).ShouldBe(installed);

            var away = await proxy.Script("--uninstall");
            away.Status.ShouldBe(0, away.Output + away.Errors);
            (await proxy.State()).ShouldBe(before);

            await proxy.Run("mkdir", "-p", "/var/lib/waltvpn");
            (await proxy.Script()).Errors.ShouldContain("this is the server itself");
            await proxy.Run("rmdir", "/var/lib/waltvpn");
            (await proxy.State()).ShouldBe(before);
        }
    }

    [Fact]
    public async Task PortThatIsTakenLeavesNothing()
    {
        await using var proxy = await ProxyMachine.Boot(1);
        await proxy.Bring("--next", Server, "--listen", "22");
        await proxy.Run("systemctl", "is-active", "ssh");
        var before = await proxy.State();
        var result = await proxy.Script();
        (result.Status, result.Errors.Contains("could not be opened", StringComparison.Ordinal)).ShouldBe((1, true), result.Output + result.Errors);
        (await proxy.State()).ShouldBe(before);
    }

    [Fact]
    public async Task NodeOfWaltComesThroughAProxyThatEndsItsSessionAndItsKeyOpensNothingElse()
    {
        await using var proxy = await ProxyMachine.Boot(1);
        await proxy.Bring("--next", Server, "--walt-compatible");
        var done = await proxy.Script();
        done.Status.ShouldBe(0, done.Output + done.Errors);
        var board = await TestNode.Create(Platform.Settings, "ecdsa");
        await board.JoinByHttp();
        var knownHosts = board.File("proxy_known_hosts");
        await File.WriteAllTextAsync(
            knownHosts, $"waltvpn-server {await File.ReadAllTextAsync(proxy.PathOf("/etc/ssh/ssh_host_ed25519_key.pub"), Cancellation)}", Cancellation);
        // As WalT's nodes do: the key in an agent, which is forwarded.
        using var agent = await SshAgent.Start(board);
        board.Through = client => proxy.Way(
            client with { Settings = client.Settings with { KnownHosts = knownHosts }, AgentSocket = agent.Socket, Certificate = null }, "22");
        (await board.Ssh.Run(TunnelCommand.GetServerHostname)).ShouldBe(new ToolResult(0, "server.demo.example\n", ""));
        var tunnel = await Online(board);
        await tunnel.AwaitPing();

        // Commands are compared, texts reach no shell; forwards, terminals and other programs are refused.
        foreach (var text in (string[])["id", "get-server-hostname; id", "$(touch /tmp/bird)", "-oProxyCommand=id", "get-server-hostname\nid", "waltvpn-settings 1"])
        {
            var refused = await board.Ssh.Run(text);
            refused.Status.ShouldBe(1, refused.ToString());
            (refused.Output, refused.Errors.Contains("not one of those", StringComparison.Ordinal)).ShouldBe(("", true), refused.ToString());
        }

        (await proxy.Try("ls", "/tmp/bird")).Status.ShouldNotBe(0);
        (await board.Ssh.Run(TunnelCommand.GetServerHostname, "-W", Server)).Status.ShouldNotBe(0);
        (await board.Ssh.Run(null, "-N", "-o", "ExitOnForwardFailure=yes", "-R", "0:127.0.0.1:1")).Status.ShouldNotBe(0);
        (await (board.Ssh with { AgentSocket = null }).Run(null)).Errors.ShouldContain("Permission denied");
        var stranger = await NewNode();
        (await (board.Ssh with { AgentSocket = null, Key = stranger.KeyFile }).Run(null)).Errors.ShouldContain("Permission denied");
        // Revoked: the proxy cannot know, the server does.
        (await RunningPlatform.Cli("node", "revoke", board.Identity.NodeId, "--yes")).Status.ShouldBe(0);
        (await board.Ssh.Run(TunnelCommand.GetServerHostname)).Output.ShouldBeEmpty();
    }

    private static async Task Succeeds(ProxyMachine proxy, params string[] options)
    {
        await proxy.Bring(options);
        var result = await proxy.Script();
        result.Status.ShouldBe(0, result.Output + result.Errors);
        result.Output.ShouldContain("done: what comes to port 2222 goes on to");
    }
}
