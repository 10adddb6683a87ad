using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Tokens;

/// <summary>The table of enrolment tokens. Each method is one step of a decision.</summary>
internal static class TokenTable
{
    private const string Columns =
        """
        SELECT id AS Id, uses AS Uses, used AS Used, tag AS Tag, created_at AS CreatedAt, created_by AS CreatedBy, expires_at AS ExpiresAt,
               last_used AS LastUsed, revoked_at AS RevokedAt
        FROM tokens
        """;

    /// <summary>Makes a token.</summary>
    /// <returns>Its text, which is nowhere else.</returns>
    public static (Secret Text, TokenRow Row) Add(SqliteConnection db, TokenOrder order, string by, DateTimeOffset now)
    {
        var text = EnrollmentToken.Prefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(EnrollmentToken.Bytes));
        var id = db.ExecuteScalar<long>(
            """
            INSERT INTO tokens (digest, uses, tag, created_at, created_by, expires_at)
            VALUES (@digest, @uses, @tag, @now, @by, @expires) RETURNING id
            """,
            new
            {
                digest = DigestOf(text),
                uses = order.Uses,
                tag = order.Tag,
                now = now.ToUnixTimeSeconds(),
                by,
                expires = now.ToUnixTimeSeconds() + order.LifeSeconds,
            });
        return (new Secret(text), Find(db, id)!);
    }

    /// <summary>The token of a text that a board brought; null when there is none.</summary>
    public static TokenRow? OfText(SqliteConnection db, string text) =>
        EnrollmentToken.IsValid(text) ? db.QuerySingleOrDefault<TokenRow>($"{Columns} WHERE digest = @digest", new { digest = DigestOf(text) }) : null;

    /// <summary>One token.</summary>
    public static TokenRow? Find(SqliteConnection db, long id) => db.QuerySingleOrDefault<TokenRow>($"{Columns} WHERE id = @id", new { id });

    /// <summary>All tokens, oldest first.</summary>
    public static IReadOnlyList<TokenRow> All(SqliteConnection db) => db.Query<TokenRow>($"{Columns} ORDER BY id").ToList();

    /// <summary>Lets one board in. The database refuses one more than the token was made for.</summary>
    public static int Use(SqliteConnection db, long id, DateTimeOffset now) =>
        db.Execute("UPDATE tokens SET used = used + 1, last_used = @now WHERE id = @id", new { id, now = now.ToUnixTimeSeconds() });

    /// <summary>Takes a token back. Zero when it was before.</summary>
    public static int Revoke(SqliteConnection db, long id, string by, DateTimeOffset now) =>
        db.Execute(
            "UPDATE tokens SET revoked_at = @now, revoked_by = @by WHERE id = @id AND revoked_at IS NULL",
            new { id, by, now = now.ToUnixTimeSeconds() });

    private static string DigestOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(text)));
}

/// <summary>A token as the database has it; times in seconds since 1970.</summary>
internal sealed record TokenRow(
    long Id, long Uses, long Used, string? Tag, long CreatedAt, string CreatedBy, long ExpiresAt, long? LastUsed, long? RevokedAt)
{
    /// <summary>For <c>decided by</c> and the audit trail.</summary>
    public string Name => string.Create(CultureInfo.InvariantCulture, $"token {Id}{(Tag is null ? "" : $" ({Tag})")}");

    /// <summary>Does it let boards in at a moment?</summary>
    public TokenState StateAt(DateTimeOffset now) =>
        RevokedAt is not null ? TokenState.Revoked
        : Used >= Uses ? TokenState.UsedUp
        : now.ToUnixTimeSeconds() >= ExpiresAt ? TokenState.Expired
        : TokenState.Active;

    /// <summary>As operators see it.</summary>
    public TokenView View(DateTimeOffset now) => new()
    {
        Id = Id,
        State = StateAt(now),
        Uses = (int)Uses,
        UsesLeft = (int)(Uses - Used),
        Tag = Tag,
        CreatedAt = DateTimeOffset.FromUnixTimeSeconds(CreatedAt),
        CreatedBy = CreatedBy,
        ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(ExpiresAt),
        LastUsed = LastUsed is { } last ? DateTimeOffset.FromUnixTimeSeconds(last) : null,
    };
}
