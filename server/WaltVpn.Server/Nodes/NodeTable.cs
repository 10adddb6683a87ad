using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;

namespace WaltVpn.Server.Nodes;

/// <summary>The tables of nodes and their keys. Each method is one step of a decision.</summary>
internal static class NodeTable
{
    private const string Columns =
        """
        SELECT id AS Id, name AS Name, standing AS State, vpn_mac AS VpnMac, claim_model AS ClaimModel, claim_serial AS ClaimSerial, claim_mac AS ClaimMac,
               accepted_at AS AcceptedAt, node_keys.public_key AS PublicKey, node_keys.revoked_at AS KeyRevokedAt, node_keys.way AS KeyWay,
               forgotten_name AS ForgottenName, last_seen AS LastSeen, boot_mode AS OwnBootMode, boot_mode_since AS BootModeSince
        FROM nodes JOIN node_keys ON node_keys.node_id = nodes.id
        """;

    /// <summary>A node has one line per key; only its newest is the node's.</summary>
    private const string NewestKey = "NOT EXISTS (SELECT 1 FROM node_keys AS newer WHERE newer.node_id = nodes.id AND newer.rowid > node_keys.rowid)";

    /// <summary>The node a key belongs or belonged to; <see cref="NodeRow.KeyRevokedAt"/> tells which.</summary>
    public static NodeRow? OfKey(SqliteConnection db, NodePublicKey key) =>
        db.QuerySingleOrDefault<NodeRow>($"{Columns} WHERE node_keys.public_key = @key", new { key = key.Line });

    /// <summary>One node.</summary>
    public static NodeRow? Find(SqliteConnection db, string id) =>
        db.QuerySingleOrDefault<NodeRow>($"{Columns} WHERE id = @id AND {NewestKey}", new { id });

    /// <summary>The node that has a name; none that was forgotten.</summary>
    public static NodeRow? OfName(SqliteConnection db, string name) =>
        db.QuerySingleOrDefault<NodeRow>($"{Columns} WHERE name = @name AND {NewestKey}", new { name });

    /// <summary>All nodes, oldest first.</summary>
    /// <param name="db">The database.</param>
    /// <param name="forgotten">Forgotten ones too.</param>
    public static IReadOnlyList<NodeRow> All(SqliteConnection db, bool forgotten) =>
        db.Query<NodeRow>(
            $"{Columns} WHERE {NewestKey} AND (@forgotten OR standing <> 'forgotten') ORDER BY accepted_at, name",
            new { forgotten }).ToList();

    /// <summary>Nodes, revoked ones too but none forgotten, that claimed the same serial number or MAC address; the live one first.</summary>
    public static IReadOnlyList<NodeRow> OfBoard(SqliteConnection db, EnrollmentClaims claims) =>
        db.Query<NodeRow>(
            $"""
            {Columns} WHERE {NewestKey} AND ((claim_serial = @serial AND @serial <> '') OR claim_mac = @mac) AND standing <> 'forgotten'
            ORDER BY standing, accepted_at DESC
            """,
            new { serial = claims.Serial, mac = claims.Mac.ToString() }).ToList();

    /// <summary>
    /// The live node that has this MAC address on the platform's network: its VPN MAC or, plugged in there, its board's. Null when there is none.
    /// </summary>
    public static NodeRow? OfMac(SqliteConnection db, MacAddress mac) =>
        db.QueryFirstOrDefault<NodeRow>(
            $"""
            {Columns} WHERE {NewestKey} AND (vpn_mac = @mac OR claim_mac = @mac) AND standing = 'accepted' AND node_keys.revoked_at IS NULL
            ORDER BY vpn_mac = @mac DESC, accepted_at DESC
            """,
            new { mac = mac.ToString() });

    /// <summary>Makes a node of a key: the one it was, when that was forgotten, else a new one.</summary>
    public static string Admit(
        SqliteConnection db, NodePublicKey key, EnrollmentWay way, EnrollmentClaims claims, string acceptedBy, DateTimeOffset now)
    {
        if (OfKey(db, key) is { IsForgotten: true } former)
        {
            Return(db, former.Id, acceptedBy, now);
            UpdateClaims(db, former.Id, claims);
            return former.Id;
        }

        var id = Add(db, claims, acceptedBy, now);
        AddKey(db, id, key, way, now);
        return id;
    }

    /// <summary>Makes a node with a random id and a random MAC address; the database refuses what is taken.</summary>
    /// <remarks>52:54:00 and the name from the last three bytes are WalT's convention.</remarks>
    private static string Add(SqliteConnection db, EnrollmentClaims claims, string acceptedBy, DateTimeOffset now)
    {
        var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        while (true)
        {
            var vpnMac = MacAddress.FromBytes([0x52, 0x54, 0x00, .. RandomNumberGenerator.GetBytes(3)]).ToString();
            var added = db.Execute(
                """
                INSERT INTO nodes (id, name, state, vpn_mac, claim_model, claim_serial, claim_mac, accepted_at, accepted_by)
                VALUES (@id, @name, 'accepted', @vpnMac, @model, @serial, @mac, @now, @acceptedBy) ON CONFLICT (vpn_mac) DO NOTHING
                """,
                new
                {
                    id,
                    name = $"node-{vpnMac[9..].Replace(":", "", StringComparison.Ordinal)}",
                    vpnMac,
                    model = claims.Model,
                    serial = claims.Serial,
                    mac = claims.Mac.ToString(),
                    now = now.ToUnixTimeSeconds(),
                    acceptedBy,
                });
            if (added == 1) return id;
        }
    }

    /// <summary>Gives a node its key. The database refuses a key that was ever given, and a second live key.</summary>
    public static int AddKey(SqliteConnection db, string id, NodePublicKey key, EnrollmentWay way, DateTimeOffset now) =>
        db.Execute(
            "INSERT INTO node_keys (public_key, node_id, since, way) VALUES (@key, @id, @now, @way)",
            new { key = key.Line, id, now = now.ToUnixTimeSeconds(), way = EnrollmentOrigin.WordOf(way) });

    /// <summary>Voids a node's live key for ever.</summary>
    public static int RevokeKeys(SqliteConnection db, string id, DateTimeOffset now) =>
        db.Execute("UPDATE node_keys SET revoked_at = @now WHERE node_id = @id AND revoked_at IS NULL", new { id, now = now.ToUnixTimeSeconds() });

    /// <summary>Records the board's newest claims when a key is replaced.</summary>
    public static int UpdateClaims(SqliteConnection db, string id, EnrollmentClaims claims) =>
        db.Execute(
            "UPDATE nodes SET claim_model = @model, claim_serial = @serial, claim_mac = @mac WHERE id = @id",
            new { id, model = claims.Model, serial = claims.Serial, mac = claims.Mac.ToString() });

    /// <summary>Ends a node. Zero when it was ended before.</summary>
    public static int Revoke(SqliteConnection db, string id, string revokedBy, DateTimeOffset now) =>
        db.Execute(
            "UPDATE nodes SET state = 'revoked', revoked_at = @now, revoked_by = @revokedBy WHERE id = @id AND state = 'accepted'",
            new { id, revokedBy, now = now.ToUnixTimeSeconds() });

    /// <summary>Takes a node off the lists; its name is free then. Zero when it was before.</summary>
    public static int Forget(SqliteConnection db, string id, string by, DateTimeOffset now) =>
        db.Execute(
            "UPDATE nodes SET forgotten_at = @now, forgotten_by = @by, forgotten_name = name, name = id WHERE id = @id AND forgotten_at IS NULL",
            new { id, by, now = now.ToUnixTimeSeconds() });

    /// <summary>Keeps an accepted node out. Zero when it is none.</summary>
    public static int Disable(SqliteConnection db, string id, string by, DateTimeOffset now) =>
        db.Execute(
            "UPDATE nodes SET disabled_at = @now, disabled_by = @by WHERE id = @id AND standing = 'accepted'",
            new { id, by, now = now.ToUnixTimeSeconds() });

    /// <summary>Lets a disabled node in. Zero when it is none.</summary>
    public static int Enable(SqliteConnection db, string id) =>
        db.Execute("UPDATE nodes SET disabled_at = NULL, disabled_by = NULL WHERE id = @id AND standing = 'disabled'", new { id });

    /// <summary>Gives another name; the database refuses one that is taken.</summary>
    public static int Rename(SqliteConnection db, string id, string name) => db.Execute("UPDATE nodes SET name = @name WHERE id = @id", new { id, name });

    /// <summary>What it may boot from now on; null: as server.yaml says for all. Zero when it is so already.</summary>
    public static int SetBootMode(SqliteConnection db, string id, BootMode? mode, DateTimeOffset now) =>
        db.Execute(
            "UPDATE nodes SET boot_mode = @mode, boot_mode_since = @now WHERE id = @id AND boot_mode IS NOT @mode",
            new { id, mode = mode?.ToString().ToLowerInvariant(), now = now.ToUnixTimeSeconds() });

    /// <summary>Records that the node, having proved its key, was here.</summary>
    public static int Seen(SqliteConnection db, string id, DateTimeOffset now) =>
        db.Execute("UPDATE nodes SET last_seen = @now WHERE id = @id", new { id, now = now.ToUnixTimeSeconds() });

    /// <summary>How many may connect.</summary>
    public static long CountAccepted(SqliteConnection db) => db.ExecuteScalar<long>("SELECT count(*) FROM nodes WHERE standing = 'accepted'");

    /// <summary>A forgotten node is accepted again, with the name it had when that is still free; else its id is its name.</summary>
    private static void Return(SqliteConnection db, string id, string acceptedBy, DateTimeOffset now) =>
        db.Execute(
            """
            UPDATE nodes SET name = CASE WHEN EXISTS (SELECT 1 FROM nodes AS other WHERE other.name = nodes.forgotten_name) THEN id ELSE forgotten_name END,
                             forgotten_at = NULL, forgotten_by = NULL, forgotten_name = NULL, disabled_at = NULL, disabled_by = NULL,
                             accepted_at = @now, accepted_by = @acceptedBy
            WHERE id = @id
            """,
            new { id, acceptedBy, now = now.ToUnixTimeSeconds() });
}
