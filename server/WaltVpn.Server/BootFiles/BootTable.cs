using Dapper;
using Microsoft.Data.Sqlite;

namespace WaltVpn.Server.BootFiles;

/// <summary>The table of published boot files.</summary>
internal static class BootTable
{
    private const string Columns =
        """
        SELECT id AS Id, board AS Board, sha256 AS Sha256, size AS Size, signature AS Signature, signed_at AS SignedAt,
               published_at AS PublishedAt, published_by AS PublishedBy, epoch AS Epoch, built AS Built
        FROM boot_pairs
        """;

    /// <summary>All pairs, by board, the newest first.</summary>
    public static IReadOnlyList<BootPairRow> All(SqliteConnection db) => db.Query<BootPairRow>($"{Columns} ORDER BY board, id DESC").ToList();

    /// <summary>What a board gets now; null when nothing was published for it.</summary>
    public static BootPairRow? Current(SqliteConnection db, string board) =>
        db.QuerySingleOrDefault<BootPairRow>($"{Columns} WHERE board = @board ORDER BY id DESC LIMIT 1", new { board });

    /// <summary>One pair; null when it is there no more.</summary>
    public static BootPairRow? Find(SqliteConnection db, long id) => db.QuerySingleOrDefault<BootPairRow>($"{Columns} WHERE id = @id", new { id });

    /// <summary>Adds a pair, which is its board's current one from then on.</summary>
    /// <returns>It, with its number.</returns>
    public static BootPairRow Add(SqliteConnection db, BootPairRow pair) => pair with
    {
        Id = db.ExecuteScalar<long>(
            """
            INSERT INTO boot_pairs (board, sha256, size, signature, signed_at, published_at, published_by, epoch, built)
            VALUES (@Board, @Sha256, @Size, @Signature, @SignedAt, @PublishedAt, @PublishedBy, @Epoch, @Built) RETURNING id
            """,
            pair),
    };

    /// <summary>Forgets pairs that nobody downloads any more: superseded before <paramref name="before"/>, and not among the newest of their board.</summary>
    /// <param name="db">A connection with a transaction.</param>
    /// <param name="before">Seconds since 1970.</param>
    /// <param name="keep">How many of each board stay in any case.</param>
    public static int RemoveOld(SqliteConnection db, long before, int keep) =>
        db.Execute(
            """
            DELETE FROM boot_pairs WHERE
              (SELECT count(*) FROM boot_pairs AS newer WHERE newer.board = boot_pairs.board AND newer.id > boot_pairs.id) >= @keep
              AND (SELECT min(published_at) FROM boot_pairs AS newer WHERE newer.board = boot_pairs.board AND newer.id > boot_pairs.id) < @before
            """,
            new { before, keep });
}
