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
        var command = new Command(
            "setup-node",
            "Write the settings of a node image (YAML). Example: waltvpn setup-node --output node.yaml; waltvpn-image sd --settings node.yaml …")
        {
            output, force,
        };
        command.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var settings = await server.Get(Routes.NodeSettings, ProtocolJson.Default.NodeSettings, cancel);
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
        {BootLines(settings)}
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
