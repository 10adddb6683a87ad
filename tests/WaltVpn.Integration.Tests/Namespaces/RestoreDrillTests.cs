using System.Globalization;
using System.Security.Cryptography;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>
/// The server burns; its backup goes onto a machine on which WaltVpn was just installed. Both are Debians with systemd, each with a network, a name and
/// host keys of its own: <c>packaged</c>, then <c>restored</c>.
/// </summary>
public sealed class RestoreDrillTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const string Backup = "/root/waltvpn.backup";
    private const string Trail = "/root/audit.jsonl";
    private const string Address = "192.168.152.77";
    private const string Passphrase = "/root/passphrase";

    [Fact]
    public async Task NodesReconnectUnchangedToARestoredServer()
    {
        await using var old = await PackagedServer.Install();
        var node = await old.Join(old.Settings, "WaltVpn virtual board");
        await old.TunnelComesUp(node);
        var revoked = await old.Join(old.Settings);
        await old.Run("waltvpn", "node", "revoke", revoked.Identity.Name, "--yes");
        var revokedLater = await old.Join(old.Settings);
        await old.Run("waltvpn", "boot", "make-key");
        var image = RandomNumberGenerator.GetBytes(300_000);
        await File.WriteAllBytesAsync(old.PathOf("/root/boot.img"), image, Cancellation);
        await old.Run("waltvpn", "boot", "publish", "--board", "qemu-x64", "/root/boot.img");
        await GiveLease(old, node);
        await WritePassphrase(old);
        var services = await Pids(old);
        await old.Run("waltvpn", "backup", "create", Backup, "--passphrase-file", Passphrase);
        // Beside services that go on, and with no file of root's among the daemon's.
        (await Pids(old)).ShouldBe(services);
        (await Foreign(old)).ShouldBeEmpty();
        var later = await old.Join(old.Settings);
        var lastSerial = (await old.View(later)).CertificateSerial;
        var requests = (await Requests(old)).Length;
        await old.Run("waltvpn", "node", "revoke", revokedLater.Identity.Name, "--yes");
        var trail = await old.Run("waltvpn", "audit", "export");
        await old.Run("systemctl", "stop", "ssh", "waltvpnd", "waltvpnd.socket");

        await using var server = await PackagedServer.Unpack("restored");
        await WritePassphrase(server);
        File.Copy(old.PathOf(Backup), server.PathOf(Backup));
        await File.WriteAllTextAsync(server.PathOf(Trail), trail, Cancellation);
        var told = await server.Run("env", "SUDO_UID=1000", "SUDO_GID=1000", "waltvpn", "backup", "restore", Backup, "--passphrase-file", Passphrase, "--audit", Trail);
        told.ShouldContain("systemctl restart waltvpn-ca waltvpn-hub");
        // Who typed sudo signs boot images, as after make-key.
        (await Foreign(server)).ShouldBe("/etc/waltvpn/boot/private.pem\n");
        (await server.Run("stat", "--format=%u:%g", "/etc/waltvpn/boot/private.pem")).ShouldBe("1000:1000\n");
        await server.Run("sshd", "-t");
        await server.Run("systemctl", "restart", "waltvpn-ca", "waltvpn-hub");
        await server.Start();
        await server.AllActive();

        // The same key, certificate and pinned host key, and nobody asks anybody.
        (await server.TunnelComesUp(node)).Tunnel!.Addresses.ShouldContain(Address);
        var downloaded = server.PathOf("/root/downloaded.img");
        await Tool.Succeed("ip", "netns", "exec", "restored", "curl", "--silent", "--show-error", "--fail", "--output", downloaded, $"http://127.0.0.1{Routes.Boot}/{node.Identity.NodeId}/boot.img");
        (await File.ReadAllBytesAsync(downloaded, Cancellation)).ShouldBe(image);
        (await Requests(server)).Length.ShouldBe(requests - 1);
        (await Requests(server)).ShouldAllBe(request => request.State != RequestState.Pending);
        foreach (var stranger in (TestNode[])[revoked, revokedLater, later]) (await server.Way(stranger.Ssh).Run(null)).Status.ShouldBe(255);
        var next = await server.Join(old.Settings);
        (await server.View(next)).CertificateSerial.ShouldBeGreaterThan(lastSerial);
        await server.TunnelComesUp(next);
        foreach (var file in (string[])["/etc/waltvpn/boot/private.pem", "/var/lib/waltvpn-ca/ca_key", "/etc/ssh/ssh_host_ed25519_key"])
            (await File.ReadAllTextAsync(server.PathOf(file), Cancellation)).ShouldBe(await File.ReadAllTextAsync(old.PathOf(file), Cancellation), file);
        await server.Run("waltvpn", "audit", "verify");
        (await server.Run("systemctl", "--failed", "--no-legend", "--plain")).ShouldBeEmpty();
    }

    /// <summary>As the hub keeps it; it reads the address back when it starts, there and on the restored machine.</summary>
    private static async Task GiveLease(PackagedServer server, TestNode node)
    {
        var file = $"/var/lib/waltvpn-hub/addresses/{node.Identity.VpnMac.ToString().Replace(':', '-')}";
        await server.Run("systemctl", "stop", "waltvpn-hub");
        await File.WriteAllTextAsync(server.PathOf(file), string.Create(CultureInfo.InvariantCulture, $"{Address} 192.168.152.1 {DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'} 86400\n"), Cancellation);
        await server.Run("chown", "waltvpn-hub:waltvpn-hub", file);
        await server.Run("systemctl", "start", "waltvpn-hub");
        (await server.TunnelComesUp(node)).Tunnel!.Addresses.ShouldContain(Address);
    }

    private static async Task WritePassphrase(PackagedServer server)
    {
        await File.WriteAllTextAsync(server.PathOf(Passphrase), "six words that nobody would guess\n", Cancellation);
        File.SetUnixFileMode(server.PathOf(Passphrase), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static async Task<string> Pids(PackagedServer server)
    {
        var pids = new List<string>();
        foreach (var unit in PackagedServer.Services) pids.Add(await server.Property("MainPID", unit));
        return string.Join(' ', pids);
    }

    /// <summary>Files that are not those of the user whose folder they are in, or that others may read.</summary>
    private static Task<string> Foreign(PackagedServer server) => server.Run(
        "sh",
        "-c",
        "find /var/lib/waltvpn ! -user waltvpn; find /var/lib/waltvpn-ca ! -user waltvpn-ca; find /var/lib/waltvpn-hub ! -user waltvpn-hub;"
        + " find /etc/waltvpn /etc/ssh ! -user root; find /var/lib/waltvpn-ca/ca_key /var/lib/waltvpn/enrollment_key /var/lib/waltvpn/waltvpn.db /etc/ssh/ssh_host_ed25519_key"
        + " /etc/waltvpn/boot/private.pem -perm /077");

    private static async Task<RequestView[]> Requests(PackagedServer server) => [.. await server.List("request", ProtocolJson.Default.IReadOnlyListRequestView)];
}
