using System.Net;
using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Nodes;

namespace WaltVpn.Server.Requests;

/// <summary>The table of enrolment requests. Each method is one step of a decision.</summary>
internal static class RequestTable
{
    private const string Columns =
        """
        SELECT id AS Id, public_key AS PublicKey, state AS State, claim_model AS ClaimModel, claim_serial AS ClaimSerial, claim_mac AS ClaimMac,
               source AS Source, first_asked AS FirstAsked, last_asked AS LastAsked, decided_by AS DecidedBy, reason AS Reason, node_id AS NodeId, way AS Way,
               note AS Note
        FROM requests
        """;

    /// <summary>The request of a key.</summary>
    public static RequestRow? OfKey(SqliteConnection db, NodePublicKey key) =>
        db.QuerySingleOrDefault<RequestRow>($"{Columns} WHERE public_key = @key", new { key = key.Line });

    /// <summary>One request.</summary>
    public static RequestRow? Find(SqliteConnection db, long id) => db.QuerySingleOrDefault<RequestRow>($"{Columns} WHERE id = @id", new { id });

    /// <summary>All requests, oldest first.</summary>
    public static IReadOnlyList<RequestRow> All(SqliteConnection db) => db.Query<RequestRow>($"{Columns} ORDER BY id").ToList();

    /// <summary>Another request, of another key, of the same board.</summary>
    public static bool BoardAskedBefore(SqliteConnection db, NodePublicKey key, EnrollmentClaims claims) =>
        db.ExecuteScalar<bool>(
            "SELECT EXISTS (SELECT 1 FROM requests WHERE public_key <> @key AND ((claim_serial = @serial AND @serial <> '') OR claim_mac = @mac))",
            new { key = key.Line, serial = claims.Serial, mac = claims.Mac.ToString() });

    /// <summary>Writes a request down, waiting.</summary>
    public static RequestRow Add(SqliteConnection db, NodePublicKey key, EnrollmentClaims claims, EnrollmentOrigin origin, DateTimeOffset now)
    {
        var id = db.ExecuteScalar<long>(
            """
            INSERT INTO requests (public_key, state, claim_model, claim_serial, claim_mac, source, way, first_asked, last_asked)
            VALUES (@key, 'pending', @model, @serial, @mac, @source, @way, @now, @now) RETURNING id
            """,
            new
            {
                key = key.Line,
                model = claims.Model,
                serial = claims.Serial,
                mac = claims.Mac.ToString(),
                source = origin.Source.ToString(),
                way = origin.Word,
                now = now.ToUnixTimeSeconds(),
            });
        return Find(db, id)!;
    }

    /// <summary>The key asked again; what was proved once stays proved.</summary>
    public static int Touch(SqliteConnection db, long id, EnrollmentOrigin origin, DateTimeOffset now) =>
        db.Execute(
            "UPDATE requests SET last_asked = @now, source = @source, way = CASE @way WHEN 'ssh' THEN 'ssh' ELSE way END WHERE id = @id",
            new { id, source = origin.Source.ToString(), way = origin.Word, now = now.ToUnixTimeSeconds() });

    /// <summary>Records what an operator must know of it; null: nothing any more.</summary>
    public static int SetNote(SqliteConnection db, long id, string? note) => db.Execute("UPDATE requests SET note = @note WHERE id = @id", new { id, note });

    /// <summary>Records that a node came of it.</summary>
    public static int Accept(SqliteConnection db, long id, string nodeId, string by) =>
        db.Execute("UPDATE requests SET state = 'accepted', node_id = @nodeId, decided_by = @by, reason = NULL WHERE id = @id", new { id, nodeId, by });

    /// <summary>Records a refusal.</summary>
    public static int Deny(SqliteConnection db, long id, string? reason, string by) =>
        db.Execute("UPDATE requests SET state = 'denied', decided_by = @by, reason = @reason WHERE id = @id AND state <> 'accepted'", new { id, by, reason });

    /// <summary>How many wait, in all or from one source.</summary>
    public static long CountPending(SqliteConnection db, IPAddress? source = null) =>
        db.ExecuteScalar<long>(
            "SELECT count(*) FROM requests WHERE state = 'pending' AND (@source IS NULL OR source = @source)",
            new { source = source?.ToString() });

    /// <summary>Forgets requests whose key last asked before a moment and nobody decided.</summary>
    public static IReadOnlyList<long> Expire(SqliteConnection db, DateTimeOffset before) =>
        db.Query<long>(
            "DELETE FROM requests WHERE state = 'pending' AND last_asked < @before RETURNING id",
            new { before = before.ToUnixTimeSeconds() }).ToList();

    /// <summary>Forgets what a node came of: its key may ask again.</summary>
    public static int ForgetNode(SqliteConnection db, string nodeId) => db.Execute("DELETE FROM requests WHERE node_id = @nodeId", new { nodeId });

    /// <summary>A request as the operator sees it, with the warning that the database's present state calls for.</summary>
    public static RequestView View(SqliteConnection db, RequestRow row) => new()
    {
        Id = row.Id,
        State = row.Status,
        Model = row.ClaimModel,
        Serial = row.ClaimSerial,
        Mac = row.Claims.Mac,
        Fingerprint = row.Key.Fingerprint,
        Source = row.Source,
        FirstAsked = DateTimeOffset.FromUnixTimeSeconds(row.FirstAsked),
        LastAsked = DateTimeOffset.FromUnixTimeSeconds(row.LastAsked),
        Warning = row.Status == RequestState.Accepted ? null : Warning(db, row),
        DecidedBy = row.DecidedBy,
        Legacy = row.AskedBy == EnrollmentWay.Http,
    };

    private static string? Warning(SqliteConnection db, RequestRow row)
    {
        var known = NodeTable.OfBoard(db, row.Claims) is [var first, ..] ? first : null;
        if (known is { IsMember: true })
            return $"this board is known as {known.Name} with another key; accepting needs --replace-key, which voids the certificates of the old one";
        if (known is not null) return $"this board was {known.Name}, which was revoked";
        return BoardAskedBefore(db, row.Key, row.Claims) ? "this board asks with several keys; compare the fingerprint with the one on its console" : row.Note;
    }
}
