using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace WaltVpn.Protocol;

/// <summary>One line of the audit trail: who decided what, when, from where. Lines are only ever added; each holds the hash of all before it.</summary>
public sealed record AuditEntry
{
    /// <summary>1, 2, 3 … without a gap.</summary>
    public required long Number { get; init; }

    /// <summary>When, to the second.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>An operator's user name, or what decided in her place, e.g. <c>policy auto</c>, <c>token 3</c>.</summary>
    public required string By { get; init; }

    /// <summary>Where the decision came from: <c>local</c> for the administration socket, else the address of who asked.</summary>
    public required string Source { get; init; }

    /// <summary>What was done: noun and verb, e.g. <c>node revoke</c>.</summary>
    public required string Action { get; init; }

    /// <summary>To what: id of a node, number of a request or token, name of a board; may be empty.</summary>
    public required string Subject { get; init; }

    /// <summary>What else must be known: key fingerprint, names before and after; may be empty.</summary>
    public required string Detail { get; init; }

    /// <summary><see cref="AuditChain.HashOf"/> this line behind those before it: 64 hexadecimal digits.</summary>
    public required string Hash { get; init; }
}

/// <summary>What ties the lines of the audit trail together, computed alike by who writes and by who verifies.</summary>
/// <remarks>docs/protocol.md "Audit trail".</remarks>
public static class AuditChain
{
    /// <summary>What stands for the hash before the first line.</summary>
    public static readonly string Start = new('0', 2 * SHA256.HashSizeInBytes);

    /// <summary>The hash of a line.</summary>
    /// <param name="previous">Hash of the line before; <see cref="Start"/> for the first.</param>
    /// <param name="entry">The line; its own <see cref="AuditEntry.Hash"/> does not count.</param>
    public static string HashOf(string previous, AuditEntry entry)
    {
        // No part has a line feed (Plain), so that two different lines never have the same text.
        var text = string.Join(
            '\n',
            previous,
            entry.Number.ToString(CultureInfo.InvariantCulture),
            entry.At.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture),
            entry.By,
            entry.Source,
            entry.Action,
            entry.Subject,
            entry.Detail);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>A part of a line: control characters, line feeds among them, become spaces.</summary>
    public static string Plain(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    /// <summary>Walks lines in order.</summary>
    /// <param name="entries">From the first line on.</param>
    /// <returns>How many are right, the hash of the last of them, and what is wrong with the next one; null when nothing is.</returns>
    public static (long Right, string Head, string? Fault) Walk(IEnumerable<AuditEntry> entries)
    {
        var (right, head) = (0L, Start);
        foreach (var entry in entries)
        {
            if (entry.Number != right + 1) return (right, head, $"after line {right} comes line {entry.Number}: what was between is gone");
            if (entry.Hash != HashOf(head, entry)) return (right, head, $"line {entry.Number} is not as it was written");
            (right, head) = (entry.Number, entry.Hash);
        }

        return (right, head, null);
    }
}
