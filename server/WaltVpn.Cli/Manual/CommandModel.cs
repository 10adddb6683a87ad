using System.CommandLine;

namespace WaltVpn.Cli.Manual;

/// <summary>One command of this program with what may stand behind it: what completion and the man page are made of.</summary>
/// <param name="Words">The command as it is typed: <c>waltvpn node list</c>.</param>
/// <param name="Command">The command.</param>
internal sealed record CommandModel(string Words, Command Command)
{
    /// <summary>All commands, the outermost first, each before those inside it.</summary>
    public static IEnumerable<CommandModel> All(Command root) => Below(root.Name, root);

    /// <summary>Commands inside it.</summary>
    public IReadOnlyList<Command> Inner => [.. Command.Subcommands.Where(inner => !inner.Hidden)];

    /// <summary>Its options, and those of the commands around it that hold here too.</summary>
    public IReadOnlyList<Option> Options =>
    [
        .. Command.Options.Where(option => !option.Hidden),
        .. Around(Command).SelectMany(outer => outer.Options).Where(option => option.Recursive && !option.Hidden && !Command.Options.Contains(option)),
    ];

    /// <summary>What completion offers, with a few words on each.</summary>
    public IEnumerable<(string Word, string Text)> Choices =>
    [
        .. Inner.Select(inner => (inner.Name, Sentence(inner.Description))),
        .. Options.SelectMany(option => new[] { option.Name }.Concat(option.Aliases).Where(IsTyped).Distinct().Select(name => (name, Sentence(option.Description)))),
    ];

    /// <summary>The first sentence, without what a shell could take for more than text.</summary>
    private static string Sentence(string? text) =>
        new([.. (text ?? "").Split(['\n']).First().Split(". ")[0].TrimEnd('.').Where(c => char.IsAsciiLetterOrDigit(c) || c is ' ' or ',' or '-' or '.' or '(' or ')' or '/')]);

    private static bool IsTyped(string name) => name.StartsWith('-');

    private static IEnumerable<CommandModel> Below(string words, Command command)
    {
        var model = new CommandModel(words, command);
        return model.Inner.SelectMany(inner => Below($"{words} {inner.Name}", inner)).Prepend(model);
    }

    private static IEnumerable<Command> Around(Command command)
    {
        for (var next = command.Parents.OfType<Command>().FirstOrDefault(); next is not null; next = next.Parents.OfType<Command>().FirstOrDefault()) yield return next;
    }
}
