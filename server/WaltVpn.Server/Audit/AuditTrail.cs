using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Audit;

/// <summary>The audit trail. A line is added in the transaction of the decision: there is no decision without its line, and no line without its decision.</summary>
internal static class AuditTrail
{
    /// <summary>What stands as <see cref="AuditEntry.Source"/> for a person at the administration socket.</summary>
    public const string Local = "local";

    private const string Columns = "number AS Number, at AS At, by AS By, source AS Source, action AS Action, subject AS Subject, detail AS Detail, hash AS Hash";

    /// <summary>Adds a line.</summary>
    /// <param name="db">A connection with the decision's transaction.</param>
    /// <param name="now">When.</param>
    /// <param name="by">Who decides.</param>
    /// <param name="action">Noun and verb.</param>
    /// <param name="subject">To what; may be empty.</param>
    /// <param name="detail">What else must be known; may be empty.</param>
    /// <param name="source">Where the decision came from.</param>
    public static void Add(
        SqliteConnection db, DateTimeOffset now, string by, string action, string subject, string detail = "", string source = Local)
    {
        var last = db.QuerySingleOrDefault<(long Number, string Hash)?>("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1");
        var entry = new AuditEntry
        {
            Number = (last?.Number ?? 0) + 1,
            At = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()),
            By = AuditChain.Plain(by),
            Source = AuditChain.Plain(source),
            Action = AuditChain.Plain(action),
            Subject = AuditChain.Plain(subject),
            Detail = AuditChain.Plain(detail),
            Hash = "",
        };
        entry = entry with { Hash = AuditChain.HashOf(last?.Hash ?? AuditChain.Start, entry) };
        db.Execute(
            "INSERT INTO audit (number, at, by, source, action, subject, detail, hash) VALUES (@Number, @At, @By, @Source, @Action, @Subject, @Detail, @Hash)",
            new { entry.Number, At = entry.At.ToUnixTimeSeconds(), entry.By, entry.Source, entry.Action, entry.Subject, entry.Detail, entry.Hash });
    }

    /// <summary>Lines in order.</summary>
    /// <param name="db">The database.</param>
    /// <param name="after">The number of the line before the first.</param>
    /// <param name="most">At most so many.</param>
    public static AuditEntry[] Read(SqliteConnection db, long after, int most) =>
        db.Query<Row>($"SELECT {Columns} FROM audit WHERE number > @after ORDER BY number LIMIT @most", new { after, most }).Select(row => row.Entry).ToArray();

    /// <summary>The newest lines, in order.</summary>
    /// <param name="db">The database.</param>
    /// <param name="subject">Of this subject only; null: of all.</param>
    /// <param name="most">At most so many.</param>
    public static AuditEntry[] Newest(SqliteConnection db, string? subject, int most) =>
        db.Query<Row>(
            $"SELECT {Columns} FROM audit WHERE @subject IS NULL OR subject = @subject ORDER BY number DESC LIMIT @most",
            new { subject, most }).Reverse().Select(row => row.Entry).ToArray();

    private sealed record Row(long Number, long At, string By, string Source, string Action, string Subject, string Detail, string Hash)
    {
        public AuditEntry Entry => new()
        {
            Number = Number,
            At = DateTimeOffset.FromUnixTimeSeconds(At),
            By = By,
            Source = Source,
            Action = Action,
            Subject = Subject,
            Detail = Detail,
            Hash = Hash,
        };
    }
}
