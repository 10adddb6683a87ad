using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>
/// The shipped sshd drop-in in front of a real daemon, in the oldest and the newest Debian it is for (docs/security.md CERT-1, CERT-7, ENR-3, SSH-1, SSH-3).
/// <code>ssh (node or admin) ─ 127.0.0.1 ─ sshd + 60-waltvpn.conf ─ helper ─ login.sock ─ waltvpnd</code>
/// </summary>
public sealed class SshdTests
{
    private static ServerSettings Settings(ServerSettings settings) => settings with { LanPolicy = EnrollmentPolicy.Auto, SshUser = "walt-vpn" };

    [Theory]
    [InlineData(SshdProgram.Bookworm)]
    [InlineData(SshdProgram.Trixie)]
    public async Task OnlyTheReleasedCertificateOpensTheTunnelCommand(string debian)
    {
        PrivateHost.Require();
        await using var platform = await Start();
        var (node, identity, certificate) = await Enrolled(platform);
        using var sshd = await TestSshd.Start(platform, debian);
        (await sshd.Ssh("walt-vpn", node.KeyFile, certificate)).ShouldStartWith("admitted\n");
        (await sshd.Ssh("walt-vpn", node.KeyFile, null)).ShouldContain("Permission denied");
        (await sshd.Ssh("root", node.KeyFile, certificate)).ShouldContain("Permission denied");

        var made = SshCertificate.Parse(identity.Certificate);
        string[] right = ["-s", platform.Ca.KeyFile, "-I", made.KeyId, "-z", $"{made.Serial}", "-O", "clear"];
        string principals = string.Join(',', made.Principals);
        await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", Path.Combine(platform.Folder, "other_ca")]);
        foreach (var (what, arguments) in ((string, string[])[])
        [
            ("the same again, signed by the same CA but never released", [.. right, "-n", principals]),
            ("expired", [.. right, "-n", principals, "-V", "-2d:-1d"]),
            ("not yet valid", [.. right, "-n", principals, "-V", "+1d:+2d"]),
            ("other principal", [.. right, "-n", "walt-vpn,waltvpn:00000000000000000000000000000000"]),
            ("no principal", right),
            ("host certificate", [.. right, "-n", principals, "-h"]),
            ("serial of nobody", ["-s", platform.Ca.KeyFile, "-I", made.KeyId, "-z", "1", "-O", "clear", "-n", principals]),
            ("no serial", ["-s", platform.Ca.KeyFile, "-I", made.KeyId, "-O", "clear", "-n", principals]),
            ("key id of nobody", ["-s", platform.Ca.KeyFile, "-I", identity.NodeId + "/9", "-z", $"{made.Serial}", "-O", "clear", "-n", principals]),
            ("other CA", ["-s", Path.Combine(platform.Folder, "other_ca"), .. right[2..], "-n", principals]),
            ("other source", [.. right, "-n", principals, "-O", "source-address=192.0.2.1"]),
            ("unknown critical option", [.. right, "-n", principals, "-O", "critical:nobody@knows=1"]),
            ("conflicting command", [.. right, "-n", principals, "-O", "force-command=id"]),
        ])
        {
            (await Forged(sshd, platform, node, arguments)).ShouldNotContain("admitted", customMessage: what);
            // It was this certificate that sshd refused, not the next best caller.
            (await sshd.Ssh("walt-vpn", node.KeyFile, certificate)).ShouldStartWith("admitted\n", customMessage: $"after: {what}");
        }
    }

    [Theory]
    [InlineData(SshdProgram.Bookworm)]
    [InlineData(SshdProgram.Trixie)]
    public async Task EnrolmentKeyOpensTheEnrolmentAndNothingElse(string debian)
    {
        PrivateHost.Require();
        await using var platform = await Start();
        using var sshd = await TestSshd.Start(platform, debian);
        var key = platform.Settings.EnrollmentKeyFile;
        (await sshd.Ssh("walt-vpn", key, null)).ShouldStartWith("enrolling\n");
        (await sshd.Ssh("walt-vpn", key, null, "-tt")).ShouldContain("PTY allocation request failed");
        (await sshd.Ssh("walt-vpn", key, null, "-o", "ExitOnForwardFailure=yes", "-R", "20001:127.0.0.1:1")).ShouldContain("remote port forwarding failed");
        // sshd itself listens there: were it allowed, its banner would come back.
        (await sshd.Ssh("walt-vpn", key, null, "-W", $"127.0.0.1:{sshd.Port}")).Trim().ShouldBe("stdio forwarding failed");
        (await sshd.Ssh("root", key, null)).ShouldContain("Permission denied");
    }

    [Theory]
    [InlineData(SshdProgram.Bookworm)]
    [InlineData(SshdProgram.Trixie)]
    public async Task RevokedCertificateIsRefusedByTheListAloneToo(string debian)
    {
        PrivateHost.Require();
        await using var platform = await Start();
        var (node, identity, certificate) = await Enrolled(platform);
        using var sshd = await TestSshd.Start(platform, debian);
        var principal = $"waltvpn:{identity.NodeId}";
        await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/revoke");
        (await sshd.Ssh("walt-vpn", node.KeyFile, certificate)).ShouldContain("Permission denied", customMessage: "live question, old list");
        // A helper that admits everybody: only the list stands now.
        File.WriteAllText(sshd.HelperFile, $"#!/bin/sh\necho 'restrict,command=\"echo admitted\" {principal}'\n");
        (await sshd.Ssh("walt-vpn", node.KeyFile, certificate)).ShouldStartWith("admitted\n");
        File.Copy(platform.Settings.RevocationListFile, sshd.ListFile, overwrite: true);
        (await sshd.Ssh("walt-vpn", node.KeyFile, certificate)).ShouldContain("Permission denied");
    }

    [Theory]
    [InlineData(SshdProgram.Bookworm)]
    [InlineData(SshdProgram.Trixie)]
    public async Task AdministratorLogsInWhateverIsBroken(string debian)
    {
        PrivateHost.Require();
        await using var platform = await Start();
        var (node, _, certificate) = await Enrolled(platform);
        using var sshd = await TestSshd.Start(platform, debian);
        foreach (var (what, breakIt) in ((string, Action)[])
        [
            ("list cut", () => File.WriteAllBytes(sshd.ListFile, "SSHKRL"u8.ToArray())),
            ("list gone", () => File.Delete(sshd.ListFile)),
            ("CA file empty", () => File.WriteAllText(sshd.CaFile, "")),
            ("CA file of garbage", () => File.WriteAllText(sshd.CaFile, "\0garbage")),
            ("CA file gone", () => File.Delete(sshd.CaFile)),
            ("helper fails", () => File.WriteAllText(sshd.HelperFile, "#!/bin/sh\nexit 1\n")),
            ("helper prints garbage", () => File.WriteAllText(sshd.HelperFile, "#!/bin/sh\nhead -c 4096 /dev/urandom\n")),
            ("helper gone", () => File.Delete(sshd.HelperFile)),
        ])
        {
            sshd.Repair();
            (await sshd.Ssh("walt-vpn", node.KeyFile, certificate)).ShouldStartWith("admitted\n", customMessage: $"before: {what}");
            breakIt();
            await sshd.AdminLogsIn(what);
            (await sshd.Ssh("walt-vpn", node.KeyFile, certificate)).ShouldNotContain("admitted", customMessage: what);
        }

        // sshd takes these two for lists that name nobody: the live question alone decides then, and the daemon writes its list again.
        foreach (var list in (string[])["", "\0garbage"])
        {
            sshd.Repair();
            File.WriteAllText(sshd.ListFile, list);
            await sshd.AdminLogsIn("a list that sshd takes for empty");
            (await sshd.Ssh("walt-vpn", node.KeyFile, certificate)).ShouldStartWith("admitted\n");
        }
    }

    [Theory]
    [InlineData(SshdProgram.Bookworm)]
    [InlineData(SshdProgram.Trixie)]
    public async Task DropInChangesOneUserOnly(string debian)
    {
        PrivateHost.Require();
        await using var platform = await Start();
        using var sshd = await TestSshd.Start(platform, debian);
        await sshd.Ask("-t");
        var node = await Effective(sshd, "walt-vpn");
        foreach (var line in (string[])
        [
            "authenticationmethods publickey", "passwordauthentication no", "kbdinteractiveauthentication no", "disableforwarding yes",
            "allowagentforwarding no", "allowtcpforwarding no", "x11forwarding no", "permittunnel no", "permittty no", "permituserrc no",
            "maxsessions 1", "clientaliveinterval 15", "clientalivecountmax 3", "authorizedkeysfile none",
        ])
        {
            node.ShouldContain(line);
        }

        var before = await Effective(sshd, "root");
        File.WriteAllText(Path.Combine(sshd.Folder, "60-waltvpn.conf"), "");
        (await Effective(sshd, "root")).ShouldBe(before);
    }

    // OpenSSH 10.6 prints the words as its manual spells them.
    private static async Task<string[]> Effective(TestSshd sshd, string user) =>
        (await sshd.Ask("-T", "-C", $"user={user},host=localhost,addr=127.0.0.1")).ToLowerInvariant().Split('\n');

    /// <summary>The daemon's sockets must be within reach of walt-vpn, which runs the helpers.</summary>
    private static async Task<TestPlatform> Start()
    {
        var platform = await TestPlatform.Start(Settings);
        File.SetUnixFileMode(platform.Folder, (UnixFileMode)Convert.ToInt32("755", 8));
        return platform;
    }

    private static async Task<(TestNode Node, NodeIdentity Identity, string CertificateFile)> Enrolled(TestPlatform platform)
    {
        var node = await TestNode.Make(platform, 1);
        var identity = (await node.Enroll(platform, TestPlatform.Lan)).Identity.ShouldNotBeNull();
        var file = Path.Combine(platform.Folder, "released.pub");
        await File.WriteAllTextAsync(file, identity.Certificate + "\n");
        return (node, identity, file);
    }

    /// <summary>Logs in with a certificate that was made behind the daemon's back.</summary>
    private static async Task<string> Forged(TestSshd sshd, TestPlatform platform, TestNode node, string[] arguments)
    {
        var key = Path.Combine(platform.Folder, "forged.pub");
        File.Copy(node.KeyFile + ".pub", key, overwrite: true);
        await Shell.Run("ssh-keygen", ["-q", .. arguments, key]);
        return await sshd.Ssh("walt-vpn", node.KeyFile, Path.Combine(platform.Folder, "forged-cert.pub"));
    }
}
