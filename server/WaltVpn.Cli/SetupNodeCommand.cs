using System.CommandLine;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn setup-node</c>: the settings that go into an image.</summary>
internal static class SetupNodeCommand
{
    private const string StandardOutput = "-";

    /// <summary>The command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var output = new Option<string>("--output")
        {
            Description = "File to write, for its owner only; under sudo it is yours, not root's. - is the standard output",
            HelpName = "FILE",
            DefaultValueFactory = _ => "node.yaml",
        };
        var force = new Option<bool>("--force") { Description = "Replace the file" };
        var uses = new Option<int>("--token-uses")
        {
            Description = "Put a new enrolment token into it, which lets in so many boards where the server's policy is 'token'",
            HelpName = "N",
        };
        var life = Lifetime.Option("--token-expires", "How long that token lives", TimeSpan.FromDays(7));
        var tag = new Option<string?>("--token-tag") { Description = "Your word for that token", HelpName = "WORD" };
        var command = new Command(
            "setup-node",
            "Write the settings of a node image (YAML). Example: waltvpn setup-node --output node.yaml; waltvpn-image sd --settings node.yaml …")
        {
            output, force, uses, life, tag,
        };
        command.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var settings = await server.Get(Routes.NodeSettings, ProtocolJson.Default.NodeSettings, cancel);
            if (arguments.GetResult(uses) is not null)
            {
                var token = await TokenCommands.Order(server, arguments.GetValue(uses), arguments.GetValue(life), arguments.GetValue(tag), cancel);
                settings = settings with { EnrollmentToken = token.Token };
            }

            await Write(arguments.GetValue(output)!, arguments.GetValue(force), settings);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static async Task Write(string file, bool force, NodeSettings settings)
    {
        if (file == StandardOutput)
        {
            Console.Write(Yaml(settings));
            return;
        }

        await PrivateFile.Write(file, force, Yaml(settings));
        Console.WriteLine($"{TerminalText.Plain(file)}: settings of platform {settings.Platform}. It holds the enrolment key: keep it to yourself.");
    }

    /// <summary>The settings with their meaning beside them. Every value has passed the server's grammar; none needs more than quotes.</summary>
    internal static string Yaml(NodeSettings settings) =>
        $"""
        # Settings of the nodes of one WaltVpn platform; the same file serves any number of them.
        # Put it into an image with: waltvpn-image sd --settings THIS-FILE …

        # The platform's id. Nodes sign it, so that an answer of another platform is worth nothing.
        platform: "{settings.Platform}"

        # Where nodes reach SSH, host or host:port (default 22), tried in order.
        sshEntrypoints:
        {Items(settings.SshEntrypoints)}

        # The server's SSH host keys. A server that shows another key is not spoken to.
        hostKeys:
        {Items(settings.HostKeys)}

        # Opens the enrolment request and nothing else.
        enrollmentKey: |
        {string.Join('\n', settings.EnrollmentKey.Reveal().TrimEnd().Split('\n').Select(line => "  " + line))}
        {(settings.EnrollmentToken is { } token ? Token(token) : "")}
        """;

    private static string Token(Secret token) =>
        $"""

        # Boards that bring it join without waiting for an operator: waltvpn token list
        enrollmentToken: "{token.Reveal()}"

        """;

    private static string Items(IEnumerable<string> values) => string.Join('\n', values.Select(value => $"  - \"{value}\""));
}
