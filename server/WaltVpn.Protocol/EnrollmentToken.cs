using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>A word of the operator given in advance: a board that brings it joins without waiting for a person, as often as it was made for.</summary>
/// <remarks>docs/security.md ENR-3. 128 random bits, so that nobody guesses one; the server keeps its SHA-256 only.</remarks>
public static class EnrollmentToken
{
    /// <summary>So that a scanner of published files recognises one.</summary>
    public const string Prefix = "wvt-";

    /// <summary>Random bytes; twice as many hexadecimal digits.</summary>
    public const int Bytes = 16;

    /// <summary>Most boards that one token lets in.</summary>
    public const int MaxUses = 10_000;

    /// <summary>Longest life.</summary>
    public static readonly TimeSpan MaxLife = TimeSpan.FromDays(366);

    /// <summary>Longest tag, characters.</summary>
    public const int MaxTag = 32;

    /// <summary>What a text that is no token is answered with.</summary>
    public const string Rule = "a token is wvt- and 32 hexadecimal digits in lower case, as 'waltvpn token create' printed it";

    /// <summary>What a text that is no tag is answered with.</summary>
    public const string TagRule = "a tag is 1 to 32 of a-z, 0-9, '-' and '.'";

    /// <summary>True for a text of the form of a token.</summary>
    public static bool IsValid(string text) =>
        text.Length == Prefix.Length + 2 * Bytes && text.StartsWith(Prefix, StringComparison.Ordinal) && text[Prefix.Length..].All(char.IsAsciiHexDigitLower);

    /// <summary>True for a text of the form of a tag.</summary>
    public static bool IsTag(string text) =>
        text.Length is > 0 and <= MaxTag && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.');
}

/// <summary>What an operator wants of a new token.</summary>
public sealed record TokenOrder
{
    /// <summary>How many boards it lets in, 1..<see cref="EnrollmentToken.MaxUses"/>.</summary>
    public required int Uses { get; init; }

    /// <summary>Its life, seconds, 60 at least, at most <see cref="EnrollmentToken.MaxLife"/>.</summary>
    public required long LifeSeconds { get; init; }

    /// <summary>Shown with the token and with the nodes it let in, <see cref="EnrollmentToken.IsTag"/>; may be left out.</summary>
    public string? Tag { get; init; }
}

/// <summary>State of a token.</summary>
[JsonConverter(typeof(EnumAsWord<TokenState>))]
public enum TokenState
{
    /// <summary>Lets boards in.</summary>
    Active,

    /// <summary>Has let in as many as it was made for.</summary>
    UsedUp,

    /// <summary>Its life is over.</summary>
    Expired,

    /// <summary>Taken back by an operator.</summary>
    Revoked,
}

/// <summary>A token, as operators see it; the text itself is nowhere.</summary>
public sealed record TokenView
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary>Does it still let boards in?</summary>
    public required TokenState State { get; init; }

    /// <summary>How many boards it was made for.</summary>
    public required int Uses { get; init; }

    /// <summary>How many it can still let in, were it active.</summary>
    public required int UsesLeft { get; init; }

    /// <summary>The operator's word for it.</summary>
    public string? Tag { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>By whom.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When its life ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it let in the last board; null: none yet.</summary>
    public DateTimeOffset? LastUsed { get; init; }
}

/// <summary>A token just made. The only time that its text is told.</summary>
public sealed record NewToken
{
    /// <summary>The text, <see cref="EnrollmentToken.IsValid"/>.</summary>
    public required Secret Token { get; init; }

    /// <summary>Everything else about it.</summary>
    public required TokenView View { get; init; }

    /// <summary>Tokens are looked at: the policy for boards from elsewhere is token.</summary>
    public bool IsAsked { get; init; }
}
