using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace WaltVpn.ImageBuilder;

/// <summary><c>--help</c> with the command's examples and remarks below the options, so that the list of commands stays short.</summary>
internal sealed class ExamplesInHelp : SynchronousCommandLineAction
{
    private readonly HelpAction _help;
    private readonly IReadOnlyDictionary<Command, string> _texts;

    private ExamplesInHelp(HelpAction help, IReadOnlyDictionary<Command, string> texts) => (_help, _texts) = (help, texts);

    /// <summary>Puts texts under the help of a program's commands.</summary>
    public static void AddTo(RootCommand root, IReadOnlyDictionary<Command, string> texts)
    {
        var option = root.Options.OfType<HelpOption>().Single();
        option.Action = new ExamplesInHelp((HelpAction)option.Action!, texts);
    }

    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        var status = _help.Invoke(parseResult);
        if (_texts.TryGetValue(parseResult.CommandResult.Command, out var text)) parseResult.InvocationConfiguration.Output.WriteLine(text);
        return status;
    }
}
