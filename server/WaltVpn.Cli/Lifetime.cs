using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace WaltVpn.Cli;

/// <summary>A span of time as people type it: <c>30m</c>, <c>24h</c>, <c>7d</c>.</summary>
internal static class Lifetime
{
    /// <summary>An option that takes one.</summary>
    /// <param name="name">Of the option.</param>
    /// <param name="description">What it is for; the default is told behind it.</param>
    /// <param name="standard">The default.</param>
    public static Option<TimeSpan> Option(string name, string description, TimeSpan standard) => new(name)
    {
        Description = $"{description} [default: {Word(standard)}]",
        HelpName = "30m|24h|7d",
        CustomParser = Read,
    };

    /// <summary>What was given, or the default.</summary>
    public static TimeSpan ValueOf(ParseResult arguments, Option<TimeSpan> option, TimeSpan standard) =>
        arguments.GetResult(option) is null ? standard : arguments.GetValue(option);

    /// <summary>Reads one; null when it is none.</summary>
    public static TimeSpan? Parse(string word)
    {
        if (word.Length < 2 || !int.TryParse(word.AsSpan(0, word.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return null;
        return word[^1] switch
        {
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            _ => null,
        };
    }

    private static string Word(TimeSpan span) => span.Hours > 0 ? $"{span.TotalHours}h" : $"{span.Days}d";

    private static TimeSpan Read(ArgumentResult argument)
    {
        var word = argument.Tokens[0].Value;
        if (Parse(word) is { } span) return span;
        argument.AddError($"'{word}' is no span of time; write minutes, hours or days like 30m, 24h, 7d");
        return default;
    }
}
