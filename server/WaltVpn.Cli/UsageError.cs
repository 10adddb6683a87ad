using System.CommandLine;

namespace WaltVpn.Cli;

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
        foreach (var mistake in mistakes) yield return $"waltvpn: {mistake}";
        yield return $"'{path}' takes: {string.Join(", ", command.Subcommands.Count > 0 ? command.Subcommands.Select(known => known.Name) : Words(command))}";
        yield return $"Type '{path} --help' for all of it, with examples.";
    }

    private static IEnumerable<string> Words(Command command)
    {
        var options = Lineage(command).SelectMany(parent => parent.Options.Where(option => parent == command || option.Recursive));
        return [.. command.Arguments.Select(argument => argument.Name), .. options.Select(Word)];
    }

    private static string Word(Option option) => option.HelpName is { } value ? $"{option.Name} {value}" : option.Name;

    private static string Path(Command command) => string.Join(' ', Lineage(command).Reverse().Select(parent => parent.Name));

    private static IEnumerable<Command> Lineage(Command command)
    {
        for (Command? next = command; next is not null; next = next.Parents.OfType<Command>().FirstOrDefault()) yield return next;
    }
}
