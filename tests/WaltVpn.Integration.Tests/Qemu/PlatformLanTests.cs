using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using Xunit;

namespace WaltVpn.Integration.Tests.Qemu;

/// <summary>
/// A board whose wire is plugged into the platform's own network.
/// <code>
/// QEMU: waltvpn-agent ── e1000 ── walt-net 10.77.0.0/24: DHCP with domain "walt", server.walt = 10.77.0.1, its sshd, an NFS server
/// </code>
/// </summary>
public sealed class PlatformLanTests(RunningPlatform platform) : PlatformTest(platform)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [Fact]
    public async Task BoardBootsWithoutTunnelWhereTheServerProvesItself()
    {
        var folder = Directory.CreateDirectory(RunningPlatform.File("nfs-lan")).FullName;
        await SmallRoot.Make(folder);
        await using var server = await NfsServer.Start(folder);
        await using var walt = await WaltDomain.Announce($"dhcp-option=17,\"{RunningPlatform.LanAddress}:{folder},vers=4\"\n");
        await using var board = await VirtualBoard.PowerOnInPlatform("node22", await NodeImage.Card("node22"));
        // The policy of this network is auto.
        await board.Console.Await("tunnel: this is the platform's own network, server.walt:22 proved it: no tunnel", Patience);
        var mac = (await RunningPlatform.Nodes()).Single(node => node.Serial == board.Serial).VpnMac;
        await board.Console.Await($"the platform's own network has given 10\\.77\\.0\\.[0-9]+/24 to {mac}", Patience);
        await board.Console.Await("small root: init 1, vers=4.2,", Patience);
        (await RunningPlatform.Nodes()).Single(node => node.Serial == board.Serial).Tunnel.ShouldBeNull();
    }

    [Fact]
    public async Task NetworkThatOnlySaysItIsThePlatformsIsNotBelieved()
    {
        // The site's DHCP, and its name server, say what the platform's would; its sshd is another.
        var key = RunningPlatform.File("impostor_key");
        await Tool.Succeed("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key);
        await File.WriteAllTextAsync(RunningPlatform.File("etc/dhcp-site.conf"), "domain=walt\ndhcp-option=6,192.168.50.1\n", Cancellation);
        await RunningPlatform.KillAndAwait("dhcp-site");
        using var names = Tool.Start(
            "ip", "netns", "exec", "site", "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            "--listen-address=192.168.50.1", "--bind-interfaces",
            "--address=/server.walt/192.168.50.1", "--user=root");
        using var impostor = Tool.Start(
            "ip", "netns", "exec", "site", "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", key,
            "-o", "ListenAddress=192.168.50.1:22", "-o", "PidFile=none");
        try
        {
            await using var board = await VirtualBoard.PowerOn("node23", await NodeImage.Card("node23"));
            var node = await board.Join();
            board.Console.Text.ShouldContain("server.walt:22 did not prove it: the server showed another host key");
            node.Tunnel.ShouldNotBeNull();
        }
        finally
        {
            impostor.Kill(entireProcessTree: true);
            names.Kill(entireProcessTree: true);
            await File.WriteAllTextAsync(RunningPlatform.File("etc/dhcp-site.conf"), "", Cancellation);
            await RunningPlatform.KillAndAwait("dhcp-site");
        }
    }
}
