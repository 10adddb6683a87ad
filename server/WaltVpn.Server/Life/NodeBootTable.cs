using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Life;

/// <summary>The tables of what nodes reported. Each method is one step of a decision.</summary>
internal static class NodeBootTable
{
    /// <summary>Boots kept per node, the newest.</summary>
    public const int MostBoots = 10;

    /// <summary>Lines kept per boot: its first ones and its last ones, half of each, for the middle of a long life says least.</summary>
    public const int MostLines = 500;

    private const string Columns =
        """
        id AS Id, boot AS Boot, started_at AS StartedAt, heard_at AS HeardAt, stages AS Stages,
        image_epoch AS ImageEpoch, image_built AS ImageBuilt, image_sha256 AS ImageSha256
        """;

    /// <summary>Keeps a report; the same one twice is kept once.</summary>
    /// <param name="db">A connection with a transaction.</param>
    /// <param name="heard">Whose, and what.</param>
    /// <param name="now">When it came.</param>
    /// <returns>False: there is no such node.</returns>
    public static bool Keep(SqliteConnection db, HeardReport heard, DateTimeOffset now)
    {
        if (db.ExecuteScalar<long>("SELECT count(*) FROM nodes WHERE id = @NodeId", new { heard.NodeId }) == 0) return false;
        var boot = Enter(db, heard, now);
        var added = db.Execute(
            "INSERT INTO node_lines (boot_id, number, at, stage, warning, text) VALUES (@boot, @Number, @At, @Stage, @Warning, @Text) ON CONFLICT DO NOTHING",
            heard.Report.Lines.Select(line => new { boot, line.Number, line.At, line.Stage, line.Warning, line.Text }));
        if (added > 0) Shorten(db, boot);
        db.Execute(
            """
            DELETE FROM node_boots
            WHERE node_id = @NodeId AND id NOT IN (SELECT id FROM node_boots WHERE node_id = @NodeId ORDER BY id DESC LIMIT @MostBoots)
            """,
            new { heard.NodeId, MostBoots });
        return true;
    }

    /// <summary>A node's boots, the newest first.</summary>
    public static IReadOnlyList<NodeBootRow> Of(SqliteConnection db, string nodeId) =>
        db.Query<NodeBootRow>($"SELECT {Columns} FROM node_boots WHERE node_id = @nodeId ORDER BY id DESC", new { nodeId }).ToList();

    /// <summary>The newest boot of a node that came to this server; null: none has.</summary>
    public static NodeBootRow? Newest(SqliteConnection db, string nodeId) => db.QueryFirstOrDefault<NodeBootRow>(
        $"SELECT {Columns} FROM node_boots WHERE node_id = @nodeId AND started_at IS NOT NULL ORDER BY id DESC LIMIT 1", new { nodeId });

    /// <summary>Lines of a boot, in order.</summary>
    /// <param name="db">The database.</param>
    /// <param name="boot">Of the boot.</param>
    /// <param name="after">Number of the line before the first.</param>
    public static IReadOnlyList<NodeLogLine> Lines(SqliteConnection db, NodeBootRow boot, long after) =>
        db.Query<LineRow>(
            """
            SELECT number AS Number, at AS At, stage AS Stage, warning AS Warning, text AS Text
            FROM node_lines WHERE boot_id = @Id AND number > @after ORDER BY number
            """,
            new { boot.Id, after }).Select(row => row.Line).ToList();

    private static long Enter(SqliteConnection db, HeardReport heard, DateTimeOffset now)
    {
        var report = heard.Report;
        var stages = JsonSerializer.Serialize(report.Stages, ProtocolJson.Default.IReadOnlyListStageReport);
        var started = report.Now is { } age ? Math.Max(0, now.ToUnixTimeMilliseconds() - age) : (long?)null;
        // The start is computed once: later reports took their time, too.
        return db.ExecuteScalar<long>(
            """
            INSERT INTO node_boots (node_id, boot, started_at, heard_at, stages, image_epoch, image_built, image_sha256)
            VALUES (@NodeId, @Boot, @started, @heardAt, @stages, @Epoch, @Built, @Sha256)
            ON CONFLICT (node_id, boot) DO UPDATE SET
              started_at = coalesce(started_at, excluded.started_at),
              heard_at = excluded.heard_at,
              image_epoch = coalesce(image_epoch, excluded.image_epoch),
              image_built = coalesce(image_built, excluded.image_built),
              image_sha256 = coalesce(image_sha256, excluded.image_sha256),
              stages = CASE WHEN excluded.stages = '[]' THEN stages ELSE excluded.stages END
            RETURNING id
            """,
            new
            {
                heard.NodeId,
                report.Boot,
                started,
                heardAt = now.ToUnixTimeSeconds(),
                stages,
                report.Image?.Epoch,
                report.Image?.Built,
                report.Image?.Sha256,
            });
    }

    private static void Shorten(SqliteConnection db, long boot) => db.Execute(
        """
        DELETE FROM node_lines WHERE boot_id = @boot
          AND number > (SELECT number FROM node_lines WHERE boot_id = @boot ORDER BY number LIMIT 1 OFFSET @half - 1)
          AND number < (SELECT number FROM node_lines WHERE boot_id = @boot ORDER BY number DESC LIMIT 1 OFFSET @half - 1)
        """,
        new { boot, half = MostLines / 2 });

    private sealed record LineRow(long Number, long At, string Stage, long Warning, string Text)
    {
        public NodeLogLine Line => new() { Number = Number, At = At, Stage = Stage, Warning = Warning != 0, Text = Text };
    }
}
