using System.CommandLine;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn setup-node</c>: the settings that go into an image.</summary>
internal static class SetupNodeCommand
{
    private const string StandardOutput = "-";
    private const string ImageSuffix = ".img";
    private static readonly TimeSpan s_tokenLife = TimeSpan.FromDays(7);

    private static string Boards => string.Join(", ", BootFiles.Boards);

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
        var board = new Option<string?>("--board") { Description = $"Make the whole card, with waltvpn-image: {Boards}", HelpName = "BOARD" };
        board.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } name && !BootFiles.Boards.Contains(name))
                result.AddError($"there are no cards for such a board; --board takes {Boards}");
        });
        var more = new Argument<string[]>("OPTIONS")
        {
            Description = "After --, further options of waltvpn-image sd, like --compress zstd",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var uses = new Option<int>("--token-uses")
        {
            Description = "Put a new enrolment token into it, which lets in so many boards where the server's policy is 'token'",
            HelpName = "N",
        };
        var life = Lifetime.Option("--token-expires", "How long that token lives", s_tokenLife);
        var tag = new Option<string?>("--token-tag") { Description = "Your word for that token", HelpName = "WORD" };
        var command = new Command(
            "setup-node",
            "Write the settings of a node image (YAML), or make the image itself. Example: waltvpn setup-node --board rpi-4-b --output node.img")
        {
            output, force, board, uses, life, tag, more,
        };
        command.SetAction(async (arguments, cancel) =>
        {
            var file = arguments.GetValue(output)!;
            var chosen = arguments.GetValue(board) ?? (file.EndsWith(ImageSuffix, StringComparison.Ordinal) ? AskBoard() : null);
            var options = arguments.GetValue(more) ?? [];
            if (chosen is null && options.Length > 0) throw new CliException(ExitCode.Usage, $"'{TerminalText.Plain(options[0])}' is an option of waltvpn-image, for --board only; the file to write is --output node.yaml");
            if (chosen is not null && file == StandardOutput) throw new CliException(ExitCode.Usage, "an image needs a file: --output node.img");
            using var server = global.Connect(arguments);
            var settings = await server.Get(Routes.NodeSettings, ProtocolJson.Default.NodeSettings, cancel);
            if (arguments.GetResult(uses) is not null)
            {
                var token = await TokenCommands.Order(server, arguments.GetValue(uses), Lifetime.ValueOf(arguments, life, s_tokenLife), arguments.GetValue(tag), cancel);
                settings = settings with { EnrollmentToken = token.Token };
                Console.Error.WriteLine(TokenCommands.Tell(token));
            }

            if (chosen is not null)
                return await ImageProgram.MakeCard(chosen, Yaml(settings), file, arguments.GetValue(force) ? [.. options, "--force"] : options);
            await Write(file, arguments.GetValue(force), settings);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Asks at the terminal for the one thing that the server cannot know.</summary>
    /// <exception cref="CliException">Nobody is there to ask, or says nothing.</exception>
    private static string AskBoard()
    {
        if (Console.IsInputRedirected)
            throw new CliException(ExitCode.Usage, $"which board is the image for? Name it: --board {Boards.Replace(", ", "|", StringComparison.Ordinal)}");
        while (true)
        {
            Console.Error.Write($"Which board is it for? ({Boards}) ");
            if (Console.ReadLine()?.Trim() is not { } answer) throw new CliException(ExitCode.Usage, "no board was named");
            if (BootFiles.Boards.Contains(answer)) return answer;
        }
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
        {(settings.EnrollmentToken is { } token ? Token(token) : "")}{BootLines(settings)}
        """;

    private static string Token(Secret token) =>
        $"""

        # Boards that bring it join without waiting for an operator: waltvpn token list
        enrollmentToken: "{token.Reveal()}"

        """;

    private static string BootLines(NodeSettings settings) => settings is { HttpEntrypoint: { } server, BootKey: { } key }
        ? $"""

        # Where nodes fetch signed boot images, host or host:port (default 80), and the key these must be signed with.
        # Leave both away and a card boots what is on it.
        httpEntrypoint: "{server}"
        bootKey: "{key}"

        # When no server answers: stale-ok:DAYS starts the image of the last time, never goes on with what is on the card.
        bootCache: "{settings.BootCache ?? "stale-ok:365"}"

        """
        : "";

    private static string Items(IEnumerable<string> values) => string.Join('\n', values.Select(value => $"  - \"{value}\""));
}
