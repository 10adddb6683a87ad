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
        SELECT id AS Id, name AS Name, state AS State, vpn_mac AS VpnMac, claim_model AS ClaimModel, claim_serial AS ClaimSerial, claim_mac AS ClaimMac,
               accepted_at AS AcceptedAt, node_keys.public_key AS PublicKey, node_keys.revoked_at AS KeyRevokedAt, node_keys.way AS KeyWay
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

    /// <summary>All nodes, oldest first.</summary>
    public static IReadOnlyList<NodeRow> All(SqliteConnection db) =>
        db.Query<NodeRow>($"{Columns} WHERE {NewestKey} ORDER BY accepted_at, name").ToList();

    /// <summary>Nodes, revoked ones too, that claimed the same serial number or MAC address; the live one first.</summary>
    public static IReadOnlyList<NodeRow> OfBoard(SqliteConnection db, EnrollmentClaims claims) =>
        db.Query<NodeRow>(
            $"{Columns} WHERE {NewestKey} AND ((claim_serial = @serial AND @serial <> '') OR claim_mac = @mac) ORDER BY state, accepted_at DESC",
            new { serial = claims.Serial, mac = claims.Mac.ToString() }).ToList();

    /// <summary>
    /// The live node that has this MAC address on the platform's network: its VPN MAC or, plugged in there, its board's. Null when there is none.
    /// </summary>
    public static NodeRow? OfMac(SqliteConnection db, MacAddress mac) =>
        db.QueryFirstOrDefault<NodeRow>(
            $"""
            {Columns} WHERE {NewestKey} AND (vpn_mac = @mac OR claim_mac = @mac) AND state = 'accepted' AND node_keys.revoked_at IS NULL
            ORDER BY vpn_mac = @mac DESC, accepted_at DESC
            """,
            new { mac = mac.ToString() });

    /// <summary>Makes a node with a random id and a random MAC address; the database refuses what is taken.</summary>
    /// <remarks>52:54:00 and the name from the last three bytes are WalT's convention.</remarks>
    public static string Add(SqliteConnection db, EnrollmentClaims claims, string acceptedBy, DateTimeOffset now)
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

    /// <summary>How many may connect.</summary>
    public static long CountAccepted(SqliteConnection db) => db.ExecuteScalar<long>("SELECT count(*) FROM nodes WHERE state = 'accepted'");
}
