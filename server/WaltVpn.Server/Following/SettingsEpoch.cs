using Dapper;
using Microsoft.Data.Sqlite;

namespace WaltVpn.Server.Following;

/// <summary>
/// Recognises a database that may come from an old copy, by how long no daemon had it. Settings that did not change get new numbers then, so that nodes
/// which were told later ones take them. No node has a say in it.
/// </summary>
/// <remarks>docs/security.md NODE-4. A pause of the service costs the same; a number alone makes no board write its chip.</remarks>
internal static class SettingsEpoch
{
    /// <summary>A restart takes seconds. A copy that is younger than this when it comes back has numbers that are younger, too.</summary>
    private static readonly TimeSpan LongestRestart = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Precision = TimeSpan.FromMinutes(1);

    /// <summary>A daemon starts. A step of a decision.</summary>
    /// <returns>True when the numbers start anew.</returns>
    public static bool Begin(SqliteConnection db, DateTimeOffset now)
    {
        var last = db.QuerySingleOrDefault<Row>("SELECT alive AS Alive, floor AS Floor FROM settings_epoch");
        var isNew = last is null || now - DateTimeOffset.FromUnixTimeSeconds(last.Alive) > LongestRestart;
        var floor = isNew ? now.ToUnixTimeSeconds() : last!.Floor;
        db.Execute(
            "INSERT INTO settings_epoch VALUES (1, @alive, @floor) ON CONFLICT (only) DO UPDATE SET alive = excluded.alive, floor = excluded.floor",
            new { alive = now.ToUnixTimeSeconds(), floor });
        return isNew && last is not null;
    }

    /// <summary>A daemon has it. A step of a decision; it writes once a minute.</summary>
    /// <returns>How many rows were written.</returns>
    public static int Alive(SqliteConnection db, DateTimeOffset now) => db.Execute(
        "UPDATE settings_epoch SET alive = @alive WHERE alive <= @before",
        new { alive = now.ToUnixTimeSeconds(), before = (now - Precision).ToUnixTimeSeconds() });

    /// <summary>The least number that may be told.</summary>
    public static long Floor(SqliteConnection db) => db.ExecuteScalar<long>("SELECT floor FROM settings_epoch");

    private sealed record Row(long Alive, long Floor);
}
