using System.CommandLine;
using System.CommandLine.Parsing;

namespace WaltVpn.Cli;

/// <summary>Options that every command knows.</summary>
internal sealed class GlobalOptions
{
    /// <summary>The administration socket.</summary>
    public Option<string> Socket { get; } = new("--socket")
    {
        Description = "The daemon's administration socket",
        HelpName = "PATH",
        Recursive = true,
        DefaultValueFactory = _ =>
            Environment.GetEnvironmentVariable("WALTVPN_SOCKET") is { Length: > 0 } socket ? socket : ServerConnection.DefaultSocket,
    };

    /// <summary>How results are printed.</summary>
    public Option<OutputFormat> Output { get; } = new("--output", "-o")
    {
        Description = "table (default), wide, json, yaml, or name",
        HelpName = "FORMAT",
        CustomParser = ReadFormat,
    };

    /// <summary>Opens the connection a command asked for.</summary>
    public ServerConnection Connect(ParseResult arguments) => new(arguments.GetValue(Socket)!);

    private static OutputFormat ReadFormat(ArgumentResult argument)
    {
        var word = argument.Tokens[0].Value;
        switch (word)
        {
            case "table":
                return OutputFormat.Table;
            case "wide":
                return OutputFormat.Wide;
            case "json":
                return OutputFormat.Json;
            case "yaml":
                return OutputFormat.Yaml;
            case "name":
                return OutputFormat.Name;
            default:
                argument.AddError($"'{word}' is no output format; --output takes table, wide, json, yaml or name");
                return default;
        }
    }
}
