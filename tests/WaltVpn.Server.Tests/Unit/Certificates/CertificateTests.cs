using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using Shouldly;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Certificates;

/// <summary>docs/security.md CERT-1, CERT-3.</summary>
public sealed class CertificateTests
{
    private static ServerSettings Auto(ServerSettings settings) => settings with { LanPolicy = EnrollmentPolicy.Auto };

    [Fact]
    public async Task SshKeygenReadsWhatWeRead()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        var file = Path.Combine(platform.Folder, "node-cert.pub");
        await File.WriteAllTextAsync(file, identity.Certificate + "\n", TestContext.Current.CancellationToken);
        var text = await Shell.Run("ssh-keygen", ["-L", "-f", file]);
        var certificate = SshCertificate.Parse(identity.Certificate);
        text.ShouldContain("ssh-ed25519-cert-v01@openssh.com user certificate");
        text.ShouldContain($"Public key: ED25519-CERT {certificate.Key.Fingerprint}\n");
        text.ShouldContain($"Signing CA: ED25519 {certificate.SignedBy.Fingerprint} ");
        text.ShouldContain($"Key ID: \"{certificate.KeyId}\"\n");
        text.ShouldContain($"Serial: {certificate.Serial}\n");
        text.ShouldContain($"Valid: from {certificate.ValidAfter:s} to {certificate.ValidBefore:s}\n");
        text.ShouldContain($"Principals: \n                walt-vpn\n                waltvpn:{identity.NodeId}\n");
        text.ShouldContain("Critical Options: (none)\n");
        text.ShouldContain("Extensions: (none)");
        (certificate.ValidBefore - certificate.ValidAfter).ShouldBe(TimeSpan.FromDays(1095));
        (DateTimeOffset.UtcNow - certificate.ValidAfter).ShouldBeInRange(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(6));
    }

    [Fact]
    public async Task TenThousandCertificatesReadAsTheyWereMade()
    {
        const int Rounds = 10, Each = 1000;
        using var folder = new TestFolder();
        await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder["ca"]]);
        var authority = NodePublicKey.Load(folder["ca.pub"]);
        CertificateOrder? former = null;
        for (var round = 0; round < Rounds; round++)
        {
            var nodeId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            var first = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)) >> 1;
            var from = new DateTimeOffset(2026, 1, 1, 0, 0, round, TimeSpan.Zero).AddDays(round * 100);
            var keys = Enumerable.Range(0, int.MaxValue).Select(_ => RandomNumberGenerator.GetBytes(32)).Where(point => Ed25519Point.IsUsable(point))
                .Take(Each).Select(point => NodePublicKey.FromPoint(point)).ToList();
            foreach (var (number, key) in keys.Index()) File.WriteAllText(folder[$"{number}.pub"], key.Line + "\n");
            // One call for all: "+" counts the serials up.
            await Shell.Run("ssh-keygen",
            [
                "-q", "-s", folder["ca"], "-I", $"{nodeId}/{round + 1}", "-z", $"+{first}", "-n", $"walt-vpn,waltvpn:{nodeId}", "-O", "clear",
                "-V", $"{from:yyyyMMddHHmmss}:{from.AddDays(1095):yyyyMMddHHmmss}", .. Enumerable.Range(0, Each).Select(number => folder[$"{number}.pub"]),
            ]);
            foreach (var (number, key) in keys.Index())
            {
                var order = new CertificateOrder
                {
                    Serial = first + (ulong)number,
                    NodeId = nodeId,
                    KeyId = $"{nodeId}/{round + 1}",
                    Key = key,
                    ValidAfter = from,
                    ValidBefore = from.AddDays(1095),
                };
                var certificate = File.ReadAllText(folder[$"{number}-cert.pub"]).Trim();
                CertificateAuthority.Compare(order, certificate, authority);
                if (former is not null) Should.Throw<CertificateException>(() => CertificateAuthority.Compare(former, certificate, authority));
                former = order;
            }
        }
    }

    [Fact]
    public async Task CertificateThatDiffersFromItsOrderInAnyFieldIsNotReleased()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        var made = SshCertificate.Parse(identity.Certificate);
        var authority = NodePublicKey.Load(platform.Ca.PublicKeyFile);
        var order = new CertificateOrder
        {
            Serial = made.Serial,
            NodeId = identity.NodeId,
            KeyId = made.KeyId,
            Key = made.Key,
            ValidAfter = made.ValidAfter,
            ValidBefore = made.ValidBefore,
        };
        CertificateAuthority.Compare(order, identity.Certificate, authority);
        CertificateOrder[] others =
        [
            order with { Serial = order.Serial + 1 },
            order with { NodeId = new string('0', 32) },
            order with { KeyId = order.KeyId + "1" },
            order with { Key = authority },
            order with { ValidAfter = order.ValidAfter.AddSeconds(1) },
            order with { ValidBefore = order.ValidBefore.AddSeconds(1) },
        ];
        foreach (var other in others) Should.Throw<CertificateException>(() => CertificateAuthority.Compare(other, identity.Certificate, authority));
        Should.Throw<CertificateException>(() => CertificateAuthority.Compare(order, identity.Certificate, made.Key));
    }

    [Fact]
    public async Task CertificateCutOrChangedAnywhereIsUnreadableOrDifferent()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        var words = identity.Certificate.Split(' ');
        var blob = Convert.FromBase64String(words[1]);
        for (var cut = 0; cut < blob.Length; cut++)
            Should.Throw<FormatException>(() => SshCertificate.Parse($"{words[0]} {Convert.ToBase64String(blob.AsSpan(0, cut))}"));
        Should.Throw<FormatException>(() => SshCertificate.Parse($"{words[0]} {Convert.ToBase64String([.. blob, 0])}"));
    }

    [Fact]
    public async Task ExtensionsAreSeen()
    {
        using var folder = new TestFolder();
        using var ca = await TestCa.Start(folder["ca"]);
        await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", folder["node"]]);
        await Shell.Run("ssh-keygen", ["-q", "-s", ca.KeyFile, "-I", "x", "-n", "walt-vpn", folder["node.pub"]]);
        var made = SshCertificate.Parse(await File.ReadAllTextAsync(folder["node-cert.pub"], TestContext.Current.CancellationToken));
        made.Extensions.ShouldBe(["permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"]);
        made.CriticalOptions.ShouldBeEmpty();
        string[] critical = ["-O", "clear", "-O", "force-command=id", "-O", "permit-agent-forwarding"];
        await Shell.Run("ssh-keygen", ["-q", "-s", ca.KeyFile, "-I", "x", "-n", "walt-vpn", .. critical, folder["node.pub"]]);
        made = SshCertificate.Parse(await File.ReadAllTextAsync(folder["node-cert.pub"], TestContext.Current.CancellationToken));
        made.CriticalOptions.ShouldBe(["force-command=000000026964"]);
        made.Extensions.ShouldBe(["permit-agent-forwarding"]);
    }

    [Fact]
    public async Task SerialIsJournalledBeforeAnythingIsSigned()
    {
        await using var platform = await TestPlatform.Start(settings => Auto(settings) with { CaAgentSocket = "/nonexistent/agent.sock" });
        var answer = await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan);
        answer.Status.ShouldBe(WaltVpn.Protocol.EnrollmentStatus.Pending);
        platform.Database.Read(db => db.ExecuteScalar<long>("SELECT count(*) FROM certificates WHERE certificate IS NULL")).ShouldBe(1);
    }

    [Fact]
    public async Task DatabaseRestoredFromAnOldCopyGivesNoSerialTwice()
    {
        await using var platform = await TestPlatform.Start(Auto);
        await platform.StopDaemon();
        var copy = Path.Combine(platform.Folder, "old.db");
        SqliteConnection.ClearAllPools();
        File.Copy(platform.Settings.DatabaseFile, copy);
        await platform.StartDaemon();
        var node = await TestNode.Make(platform, 1);
        var first = SshCertificate.Parse((await node.Enroll(platform, TestPlatform.Lan)).Identity!.Certificate).Serial;
        await platform.StopDaemon();
        SqliteConnection.ClearAllPools();
        foreach (var rest in Directory.GetFiles(platform.Settings.StateDirectory, "waltvpn.db-*")) File.Delete(rest);
        File.Copy(copy, platform.Settings.DatabaseFile, overwrite: true);
        await platform.StartDaemon();
        SshCertificate.Parse((await node.Enroll(platform, TestPlatform.Lan)).Identity!.Certificate).Serial.ShouldNotBe(first);
    }

    [Fact]
    public void DatabaseItselfRefusesASecondUse()
    {
        using var folder = new TestFolder();
        var database = new Database(folder["db"]);
        database.Decide(db => db.Execute(
            """
            INSERT INTO nodes (id, name, state, vpn_mac, claim_model, claim_serial, claim_mac, accepted_at, accepted_by)
            VALUES ('00000000000000000000000000000001', 'a', 'accepted', 'm1', '', '', '', 0, ''),
                   ('00000000000000000000000000000002', 'b', 'accepted', 'm2', '', '', '', 0, '');
            INSERT INTO node_keys (public_key, node_id, since) VALUES ('k1', '00000000000000000000000000000001', 0);
            INSERT INTO certificates (serial, node_id, number, key_id, public_key, valid_after, valid_before, journalled_at)
            VALUES (1, '00000000000000000000000000000001', 1, 'x/1', 'k1', 0, 1, 0);
            """));
        const string Certificate = "INSERT INTO certificates (serial, node_id, number, key_id, public_key, valid_after, valid_before, journalled_at)";
        string[] seconds =
        [
            "INSERT INTO node_keys (public_key, node_id, since) VALUES ('k1', '00000000000000000000000000000002', 0)",
            "INSERT INTO node_keys (public_key, node_id, since) VALUES ('k2', '00000000000000000000000000000001', 0)",
            "UPDATE nodes SET vpn_mac = 'm1' WHERE name = 'b'",
            "UPDATE nodes SET name = 'a' WHERE name = 'b'",
            Certificate + " VALUES (1, '00000000000000000000000000000001', 2, 'x/2', 'k1', 0, 1, 0)",
            Certificate + " VALUES (0, '00000000000000000000000000000001', 2, 'x/2', 'k1', 0, 1, 0)",
            Certificate + " VALUES (2, '00000000000000000000000000000001', 1, 'x/2', 'k1', 0, 1, 0)",
        ];
        foreach (var second in seconds) Should.Throw<SqliteException>(() => database.Decide(db => db.Execute(second)), second);
    }
}
