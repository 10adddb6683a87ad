using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Following;

/// <summary>Gives settings documents their numbers (docs/security.md NODE-4). A step of a decision.</summary>
internal static class SettingsCounter
{
    /// <summary>The document with its number: the last one's where nothing changed and that is not too old a one, else a higher one.</summary>
    /// <param name="db">A connection with the write lock.</param>
    /// <param name="document">Its own number is not looked at.</param>
    /// <param name="now">
    /// The number holds the seconds since 1970, so that a database restored from an old copy gives changed settings a number that no node has seen.
    /// </param>
    public static SettingsDocument Number(SqliteConnection db, SettingsDocument document, DateTimeOffset now)
    {
        var (digest, last) = (DigestOf(document), LastOf(db, document.NodeId));
        var floor = SettingsEpoch.Floor(db);
        if (last?.Digest == digest && last.Counter >= floor) return document with { Counter = last.Counter };
        var counter = Math.Max((last?.Counter ?? 0) + 1, Math.Max(now.ToUnixTimeSeconds(), floor));
        db.Execute(
            """
            INSERT INTO settings_counters (node_id, counter, digest) VALUES (@nodeId, @counter, @digest)
            ON CONFLICT (node_id) DO UPDATE SET counter = excluded.counter, digest = excluded.digest
            """,
            new { nodeId = document.NodeId, counter, digest });
        return document with { Counter = counter };
    }

    /// <summary>The digest of a document that is another than the node was told last; null when it is the same, or none was told.</summary>
    /// <param name="db">The database.</param>
    /// <param name="document">Its own number is not looked at.</param>
    public static string? News(SqliteConnection db, SettingsDocument document) =>
        LastOf(db, document.NodeId) is { } last && DigestOf(document) is var digest && digest != last.Digest ? digest : null;

    private static string DigestOf(SettingsDocument document) => Convert.ToHexStringLower(SHA256.HashData((document with { Counter = 0 }).ToBytes()));

    private static Row? LastOf(SqliteConnection db, string nodeId) =>
        db.QuerySingleOrDefault<Row>("SELECT counter AS Counter, digest AS Digest FROM settings_counters WHERE node_id = @nodeId", new { nodeId });

    private sealed record Row(long Counter, string Digest);
}
