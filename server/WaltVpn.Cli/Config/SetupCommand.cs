using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Config;

/// <summary><c>waltvpn setup</c>: the questions of a first installation. Asked again, what holds is the proposal, and the same answers change nothing.</summary>
internal static class SetupCommand
{
    private sealed record Question(string Key, string Text, Option<string[]?> Given);

    /// <summary>The command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var file = ConfigCommands.FileOption();
        var noTest = new Option<bool>("--no-test") { Description = "Take names that are not known here, and do not try new entrypoints" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask: what no option names stays as it is" };
        Question[] questions =
        [
            new("serverName", "The server's full name, which nodes and entrypoints know it by", Given("--server-name", "HOST", "The server's full name")),
            new("sshEntrypoints", "Where nodes reach SSH, host or host:port, the best first", Given("--ssh-entrypoint", "HOST[:PORT]", "Where nodes reach SSH; several are tried in order")),
            new("http.entrypoint", "Where boards fetch their boot files (empty: nowhere, cards boot what is on them)", Given("--http-entrypoint", "HOST", "Where boards fetch their boot files")),
            new("bootMode", "What WalT's boards may boot: enforced (signed boot files only) or permissive", Given("--boot-mode", "MODE", "What WalT's boards may boot: enforced or permissive")),
        ];
        var setup = new Command(
            "setup",
            "Ask what a first installation needs to know, and write it into server.yaml. Safe to run again."
            + " Example: sudo waltvpn setup --server-name vpn.example.org --ssh-entrypoint vpn.example.org --yes")
        {
            file, noTest, yes,
        };
        foreach (var question in questions) setup.Add(question.Given);
        setup.SetAction(async (arguments, cancel) =>
        {
            var (path, test) = (arguments.GetValue(file)!, !arguments.GetValue(noTest));
            var before = SettingsDraft.Read(path);
            var settings = await SettingsJudge.Settings(path);
            var ask = !arguments.GetValue(yes) && !Console.IsInputRedirected;
            if (!ask && !arguments.GetValue(yes) && questions.All(question => arguments.GetValue(question.Given) is null or []))
                throw new CliException(ExitCode.Usage, "without a terminal nobody can be asked; name the settings with options, and add --yes");
            var text = Pinned(before, settings);
            foreach (var question in questions)
            {
                var setting = SettingKey.Find(settings, question.Key);
                var answer = arguments.GetValue(question.Given) is { Length: > 0 } given ? given : ask ? Answer(question, setting) : null;
                if (test && question.Key == "serverName") CheckFullName((answer ?? setting.Values)[0]);
                if (answer is null || (setting.Line is not null && answer.SequenceEqual(setting.Values))) continue;
                if (test && question.Key == "serverName") await CheckName(answer[0], cancel);
                text = SettingsText.Set(text, setting.Key, answer, setting.IsList);
            }

            await Write(path, before, text, test ? global.Connect(arguments) : null, cancel);
            return (int)ExitCode.Ok;
        });
        return setup;
    }

    private static async Task Write(string path, string before, string text, ServerConnection? server, CancellationToken cancel)
    {
        if (text == before)
        {
            server?.Dispose();
            Console.WriteLine($"{TerminalText.Plain(path)} says all that already.");
        }
        else
        {
            using var draft = SettingsDraft.Of(path, before, text);
            var isRunning = server is not null && await Answers(server, cancel);
            await ConfigCommands.Take(draft, isRunning ? server : null, cancel);
            if (!isRunning) server?.Dispose();
            Console.WriteLine($"{TerminalText.Plain(path)} is written.{(isRunning ? "" : " Entrypoints were not tried, since the daemon does not run; afterwards: waltvpn entrypoint test ssh")}");
        }

        Console.WriteLine(
            """
            Next:
              sudo systemctl enable --now waltvpn-hub waltvpnd     (when they run already: sudo systemctl restart waltvpnd)
              sudo systemctl reload ssh
              waltvpn doctor
            """);
    }

    private static Option<string[]?> Given(string name, string value, string description) => new(name) { Description = description, HelpName = value, Arity = ArgumentArity.OneOrMore };

    /// <summary>The platform's id is in what every node signs: once written it does not change with the server's name.</summary>
    public static string Pinned(string text, IReadOnlyList<SettingView> settings)
    {
        var platform = SettingKey.Find(settings, "platform");
        var state = SettingKey.Find(settings, "stateDirectory").Values[0];
        return platform.Line is null && File.Exists(Path.Combine(state, "waltvpn.db")) ? SettingsText.Set(text, "platform", platform.Values, isList: false) : text;
    }

    /// <summary>Null: it stays as it is.</summary>
    private static string[]? Answer(Question question, SettingView setting)
    {
        Console.Write($"{question.Text} [{TerminalText.Plain(string.Join(' ', setting.Values))}]: ");
        var words = (Console.ReadLine() ?? throw new CliException(ExitCode.Usage, "no answer; nothing was changed")).Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 0 ? null : words;
    }

    private static void CheckFullName(string name)
    {
        if (name.Contains('.', StringComparison.Ordinal)) return;
        throw new CliException(
            ExitCode.Refused,
            $"'{TerminalText.Plain(name)}' is no full name, like vpn.example.org; distant nodes could not find it. Nothing was changed. Name it: --server-name HOST");
    }

    /// <summary>As WalT's set-up: a name that is no full one, or that nobody knows, is of no use to nodes.</summary>
    private static async Task CheckName(string name, CancellationToken cancel)
    {
        try
        {
            await Dns.GetHostAddressesAsync(name, cancel);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new CliException(
                ExitCode.Refused, $"the name {TerminalText.Plain(name)} is not known here (try: getent hosts {TerminalText.Plain(name)}). Nothing was changed; --no-test takes it all the same.");
        }
    }

    private static async Task<bool> Answers(ServerConnection server, CancellationToken cancel)
    {
        try
        {
            await server.Get(Routes.Platform, ProtocolJson.Default.PlatformView, cancel);
            return true;
        }
        catch (CliException e) when (e.ExitCode == ExitCode.ServerNotReachable)
        {
            return false;
        }
    }
}
