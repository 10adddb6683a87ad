using System.CommandLine;

namespace WaltVpn.ImageBuilder;

/// <summary>What is wrong with a command line, and what may stand at its place.</summary>
internal static class UsageError
{
    /// <summary>One line per mistake, then what the command takes and where the rest is told.</summary>
    public static IEnumerable<string> Lines(ParseResult arguments)
    {
        var command = arguments.CommandResult.Command;
        var path = Path(command);
        // A word too many has consequences, which the parser reports as well.
        var mistakes = arguments.UnmatchedTokens.Count > 0
            ? arguments.UnmatchedTokens.Select(word => $"'{word}' is not understood here")
            : arguments.Errors.Select(error => error.Message);
        foreach (var mistake in mistakes) yield return $"waltvpn-image: {mistake}";
        IEnumerable<string> words = command.Subcommands.Count > 0
            ? command.Subcommands.Select(known => known.Name)
            : [.. command.Arguments.Select(argument => argument.Name), .. command.Options.Select(option => $"{option.Name} {option.HelpName}".TrimEnd())];
        yield return $"'{path}' takes: {string.Join(", ", words)}";
        yield return $"Type '{path} --help' for all of it, with examples.";
    }

    /// <summary>The words that lead to a command.</summary>
    private static string Path(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } above ? $"{Path(above)} {command.Name}" : command.Name;
}
