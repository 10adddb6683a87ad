using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Nodes;

namespace WaltVpn.Server.Expected;

/// <summary>The table of boards that are expected. One that came is expected no more: its line stays, and names the node.</summary>
internal static class ExpectedTable
{
    private const string Columns =
        """
        SELECT id AS Id, serial AS Serial, mac AS Mac, public_key AS PublicKey, name AS Name, tags AS Tags, added_at AS AddedAt, added_by AS AddedBy
        FROM expected_boards
        """;

    /// <summary>Those that did not come yet, oldest first.</summary>
    public static IReadOnlyList<ExpectedRow> Waiting(SqliteConnection db) => db.Query<ExpectedRow>($"{Columns} WHERE node_id IS NULL ORDER BY id").ToList();

    /// <summary>Who is expected and has come: by its key before its serial number, and by that before its MAC address.</summary>
    /// <param name="db">The database.</param>
    /// <param name="key">Of who asks.</param>
    /// <param name="claims">What it says of itself.</param>
    /// <param name="isProved">It has shown that the key is its own; else no entry by key is meant for it.</param>
    public static ExpectedRow? Of(SqliteConnection db, NodePublicKey key, EnrollmentClaims claims, bool isProved) =>
        db.QueryFirstOrDefault<ExpectedRow>(
            $"""
            {Columns} WHERE node_id IS NULL AND ((@isProved AND public_key = @key) OR (serial = @serial AND @serial <> '') OR mac = @mac)
            ORDER BY public_key IS NULL, serial IS NULL
            """,
            new { isProved, key = key.Line, serial = claims.Serial, mac = claims.Mac.ToString() });

    /// <summary>Writes one down; the database refuses a second of the same board or name.</summary>
    public static int Add(SqliteConnection db, ExpectedBoard board, string by, DateTimeOffset now) =>
        db.Execute(
            """
            INSERT INTO expected_boards (serial, mac, public_key, name, tags, added_at, added_by)
            VALUES (@Serial, @mac, @Key, @Name, @tags, @now, @by)
            """,
            new
            {
                board.Serial,
                mac = board.Mac is { } mac ? MacAddress.Parse(mac).ToString() : null,
                board.Key,
                board.Name,
                tags = string.Join(' ', board.Tags.Distinct()),
                now = now.ToUnixTimeSeconds(),
                by,
            });

    /// <summary>Expects one no more. Zero when it came, or is unknown.</summary>
    public static int Remove(SqliteConnection db, long id) => db.Execute("DELETE FROM expected_boards WHERE id = @id AND node_id IS NULL", new { id });

    /// <summary>It came: gives the node its name, when that is still free, and its tags; nobody else comes in its place.</summary>
    public static void Arrive(SqliteConnection db, ExpectedRow expected, string nodeId)
    {
        if (db.Execute("UPDATE expected_boards SET node_id = @nodeId WHERE id = @id AND node_id IS NULL", new { nodeId, id = expected.Id }) != 1)
            throw new InvalidOperationException($"internal error: expected board {expected.Id} came twice");
        if (expected.Name is { } name && NodeTable.OfName(db, name) is null) NodeTable.Rename(db, nodeId, name);
        foreach (var tag in expected.AllTags) TagTable.Add(db, nodeId, tag);
    }
}
