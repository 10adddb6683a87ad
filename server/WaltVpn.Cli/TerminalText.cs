using Spectre.Console;

namespace WaltVpn.Cli;

/// <summary>Text that came from elsewhere, made harmless for a terminal (docs/security.md ENR-8).</summary>
internal static class TerminalText
{
    /// <summary>Printable ASCII passes; anything that could move the cursor, change colours or turn the writing direction becomes a question mark.</summary>
    public static string Plain(string? text) => string.Create((text ?? "").Length, text ?? "", static (clean, source) =>
    {
        for (var i = 0; i < source.Length; i++) clean[i] = source[i] is >= ' ' and <= '~' ? source[i] : '?';
    });

    /// <summary>The same, and safe inside Spectre's markup.</summary>
    public static string Markup(string? text) => Plain(text).EscapeMarkup();
}
