using System.Globalization;
using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Server.Audit;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Nodes;

namespace WaltVpn.Server.Certificates;

/// <summary>The table of all certificates that were ever ordered (docs/security.md CERT-3). Each method is one step of a decision.</summary>
internal static class CertificateJournal
{
    /// <summary>Certificates begin this much in the past, for nodes whose clock is behind (docs/security.md CERT-1).</summary>
    private static readonly TimeSpan Backdated = TimeSpan.FromMinutes(5);

    /// <summary>Bits of the serial that are random; the seconds since 1970 stand above them.</summary>
    public const int RandomBits = 30;

    /// <summary>ssh-keygen(1); sshd of this server grants it to nobody, an entrypoint of WalT's may.</summary>
    private const string AgentForwarding = "permit-agent-forwarding";

    /// <summary>Writes down the next certificate of a node.</summary>
    /// <remarks>The serial holds the time, so that a database restored from an old copy cannot give one a second time; the table refuses the rest.</remarks>
    public static CertificateOrder Order(SqliteConnection db, NodeRow node, NodePublicKey key, TimeSpan life, DateTimeOffset now)
    {
        var nodeId = node.Id;
        var number = db.ExecuteScalar<long>("SELECT coalesce(max(number), 0) + 1 FROM certificates WHERE node_id = @nodeId", new { nodeId });
        var seconds = now.ToUnixTimeSeconds();
        var start = DateTimeOffset.FromUnixTimeSeconds(seconds) - Backdated;
        var order = new CertificateOrder
        {
            Serial = ((ulong)seconds << RandomBits) | (uint)RandomNumberGenerator.GetInt32(1 << RandomBits),
            NodeId = nodeId,
            KeyId = string.Create(CultureInfo.InvariantCulture, $"{nodeId}/{number}"),
            Key = key,
            ValidAfter = start,
            ValidBefore = start + life,
            Extensions = node.IsLegacy ? [AgentForwarding] : [],
        };
        db.Execute(
            """
            INSERT INTO certificates (serial, node_id, number, key_id, public_key, valid_after, valid_before, journalled_at)
            VALUES (@serial, @nodeId, @number, @keyId, @key, @after, @before, @seconds)
            """,
            new
            {
                serial = (long)order.Serial,
                nodeId,
                number,
                keyId = order.KeyId,
                key = key.Line,
                after = order.ValidAfter.ToUnixTimeSeconds(),
                before = order.ValidBefore.ToUnixTimeSeconds(),
                seconds,
            });
        AuditTrail.Add(db, now, "waltvpnd", "certificate issue", nodeId, $"{order.KeyId}, serial {order.Serial}, key {key.Fingerprint}");
        return order;
    }

    /// <summary>Records the certificate that was made for an order. From here on it may leave the daemon.</summary>
    public static int Release(SqliteConnection db, ulong serial, string certificate) =>
        db.Execute("UPDATE certificates SET certificate = @certificate WHERE serial = @serial", new { serial = (long)serial, certificate });

    /// <summary>The newest certificate of a key that was released and is not revoked; null when there is none.</summary>
    public static CertificateRow? Newest(SqliteConnection db, NodePublicKey key) =>
        db.QuerySingleOrDefault<CertificateRow>(
            """
            SELECT serial AS Serial, node_id AS NodeId, key_id AS KeyId, valid_after AS ValidAfter, valid_before AS ValidBefore, certificate AS Certificate
            FROM certificates WHERE public_key = @key AND certificate IS NOT NULL AND revoked_at IS NULL ORDER BY number DESC LIMIT 1
            """,
            new { key = key.Line });

    /// <summary>The last certificate of a node that was released, void or not; null before the first.</summary>
    public static CertificateRow? Last(SqliteConnection db, string nodeId) =>
        db.QuerySingleOrDefault<CertificateRow>(
            """
            SELECT serial AS Serial, node_id AS NodeId, key_id AS KeyId, valid_after AS ValidAfter, valid_before AS ValidBefore, certificate AS Certificate
            FROM certificates WHERE node_id = @nodeId AND certificate IS NOT NULL ORDER BY number DESC LIMIT 1
            """,
            new { nodeId });

    /// <summary>A released certificate; null when there is none of this serial.</summary>
    public static CertificateRow? Find(SqliteConnection db, ulong serial) =>
        db.QuerySingleOrDefault<CertificateRow>(
            """
            SELECT serial AS Serial, node_id AS NodeId, key_id AS KeyId, valid_after AS ValidAfter, valid_before AS ValidBefore, certificate AS Certificate
            FROM certificates WHERE serial = @serial AND certificate IS NOT NULL
            """,
            new { serial = unchecked((long)serial) });

    /// <summary>The certificate that sshd asks about, when it may log in: journalled, released, not revoked, of an accepted node, within its life.</summary>
    public static CertificateRow? Live(SqliteConnection db, ulong serial, string keyId, DateTimeOffset now) =>
        db.QuerySingleOrDefault<CertificateRow>(
            """
            SELECT serial AS Serial, node_id AS NodeId, key_id AS KeyId, valid_after AS ValidAfter, valid_before AS ValidBefore, certificate AS Certificate
            FROM certificates JOIN nodes ON nodes.id = node_id JOIN node_keys USING (public_key, node_id)
            WHERE serial = @serial AND key_id = @keyId AND certificate IS NOT NULL AND certificates.revoked_at IS NULL
              AND node_keys.revoked_at IS NULL AND nodes.standing = 'accepted' AND valid_after <= @now AND valid_before > @now
            """,
            new { serial = unchecked((long)serial), keyId, now = now.ToUnixTimeSeconds() });

    /// <summary>True when a tunnel that was opened with a certificate may stay: neither it nor its node was revoked. Its end does not cut a tunnel.</summary>
    public static bool TunnelMayStay(SqliteConnection db, ulong serial, string nodeId) =>
        db.ExecuteScalar<bool>(
            """
            SELECT EXISTS (SELECT 1 FROM certificates JOIN nodes ON nodes.id = node_id
                           WHERE serial = @serial AND node_id = @nodeId AND certificates.revoked_at IS NULL AND nodes.standing = 'accepted')
            """,
            new { serial = unchecked((long)serial), nodeId });

    /// <summary>Voids orders of a key that never became a certificate (a crash or an error between journal and release): their serials are used up.</summary>
    public static int Abandon(SqliteConnection db, NodePublicKey key, DateTimeOffset now) =>
        db.Execute(
            "UPDATE certificates SET revoked_at = @now WHERE public_key = @key AND certificate IS NULL AND revoked_at IS NULL",
            new { key = key.Line, now = now.ToUnixTimeSeconds() });

    /// <summary>Voids all certificates of a node.</summary>
    public static int RevokeAll(SqliteConnection db, string nodeId, DateTimeOffset now) =>
        db.Execute("UPDATE certificates SET revoked_at = @now WHERE node_id = @nodeId AND revoked_at IS NULL", new { nodeId, now = now.ToUnixTimeSeconds() });

    /// <summary>Every serial and every key that is void.</summary>
    public static Revocations Revoked(SqliteConnection db) => new(
        db.Query<long>("SELECT serial FROM certificates WHERE revoked_at IS NOT NULL ORDER BY serial").Select(serial => (ulong)serial).ToList(),
        db.Query<string>("SELECT public_key FROM node_keys WHERE revoked_at IS NOT NULL ORDER BY public_key").ToList());
}
