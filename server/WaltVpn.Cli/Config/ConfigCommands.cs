using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Config;

/// <summary><c>waltvpn config …</c>: server.yaml, on the server.</summary>
internal static class ConfigCommands
{
    /// <summary>Where the packaged daemon has them.</summary>
    public const string DefaultFile = "/etc/waltvpn/server.yaml";

    /// <summary>How the daemon comes to use what was changed. Tunnels do not depend on it.</summary>
    public const string TakeOver = "The daemon uses it when it is started again; no tunnel ends by that: sudo systemctl restart waltvpnd";

    /// <summary>The option that names the file.</summary>
    public static Option<string> FileOption() => new("--config")
    {
        Description = "The settings",
        HelpName = "FILE",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("WALTVPN_CONFIG") is { Length: > 0 } file ? file : DefaultFile,
    };

    /// <summary>The option that leaves new entrypoints untried.</summary>
    public static Option<bool> NoTestOption() => new("--no-test") { Description = "Do not try whether a new entrypoint leads to this server" };

    /// <summary>The commands of the noun.</summary>
    public static Command Create(GlobalOptions global)
    {
        var file = FileOption();
        return new Command("config", "The server's settings, server.yaml. Example: waltvpn config show")
        {
            Show(global, file), Get(global, file), Set(global, file), Edit(global, file), Check(file),
        };
    }

    private static Command Show(GlobalOptions global, Option<string> file)
    {
        var show = new Command("show", "Show every setting, with what holds and where that comes from. Example: waltvpn config show -o json") { file, global.Output };
        show.SetAction(async (arguments, _) =>
        {
            ResultPrinter.PrintList(
                arguments.GetValue(global.Output),
                await SettingsJudge.Settings(arguments.GetValue(file)!),
                ProtocolJson.Default.IReadOnlyListSettingView,
                setting => setting.Key,
                ["KEY", "VALUE", "FROM"],
                setting => [setting.Key, Text(setting), setting.Line is { } line ? string.Create(CultureInfo.InvariantCulture, $"line {line}") : "default"]);
            return (int)ExitCode.Ok;
        });
        return show;
    }

    private static Command Get(GlobalOptions global, Option<string> file)
    {
        var key = new Argument<string>("KEY") { Description = "Such as http.port; WalT's vpn.ssh-entrypoint, vpn.http-entrypoint, vpn.boot-mode too" };
        var get = new Command("get", "Print what holds for one setting, a value per line. Example: waltvpn config get sshEntrypoints") { key, file, global.Output };
        get.SetAction(async (arguments, _) =>
        {
            var setting = SettingKey.Find(await SettingsJudge.Settings(arguments.GetValue(file)!), arguments.GetValue(key)!);
            ResultPrinter.PrintOne(arguments.GetValue(global.Output), setting, ProtocolJson.Default.SettingView, view => view.Key, view =>
            {
                foreach (var value in view.Values) Console.WriteLine(TerminalText.Plain(value));
            });
            return (int)ExitCode.Ok;
        });
        return get;
    }

    private static Command Set(GlobalOptions global, Option<string> file)
    {
        var key = new Argument<string>("KEY") { Description = "Such as http.port; WalT's vpn.ssh-entrypoint, vpn.http-entrypoint, vpn.boot-mode too" };
        var values = new Argument<string[]>("VALUE") { Description = "What is to hold; several for a list, the best first", Arity = ArgumentArity.OneOrMore };
        var noTest = NoTestOption();
        var set = new Command(
            "set",
            "Change one setting. The file keeps its comments and its order; it stays as it was when the daemon could not use it, or when a new entrypoint does not"
            + " lead to this server. Example: sudo waltvpn config set sshEntrypoints vpn.example.org proxy.example.org:2222")
        {
            key, values, file, noTest, global.Output,
        };
        set.SetAction(async (arguments, cancel) =>
        {
            var path = arguments.GetValue(file)!;
            var text = SettingsDraft.Read(path);
            var settings = await SettingsJudge.Settings(path);
            var setting = SettingKey.Find(settings, arguments.GetValue(key)!);
            var pinned = setting.Key == "serverName" ? SetupCommand.Pinned(text, settings) : text;
            var given = arguments.GetValue(values)!;
            if (!setting.IsList && given.Length > 1) throw new CliException(ExitCode.Usage, $"{setting.Key} takes one value, not {given.Length}");
            using var draft = SettingsDraft.Of(path, text, SettingsText.Set(pinned, setting.Key, given, setting.IsList));
            await Take(draft, arguments.GetValue(noTest) ? null : global.Connect(arguments), cancel);
            var changed = SettingKey.Find(await SettingsJudge.Settings(path), setting.Key);
            ResultPrinter.PrintOne(arguments.GetValue(global.Output), changed, ProtocolJson.Default.SettingView, view => view.Key, view =>
                Console.WriteLine($"{view.Key} is {TerminalText.Plain(Text(view))} now. {TakeOver}"));
            return (int)ExitCode.Ok;
        });
        return set;
    }

    private static Command Edit(GlobalOptions global, Option<string> file)
    {
        var noTest = NoTestOption();
        var edit = new Command(
            "edit", "Open the settings in your editor (VISUAL, EDITOR, or vi); they are used only when the daemon understands them. Example: sudo waltvpn config edit")
        {
            file, noTest,
        };
        edit.SetAction(async (arguments, cancel) =>
        {
            var path = arguments.GetValue(file)!;
            var text = SettingsDraft.Read(path);
            using var draft = SettingsDraft.Of(path, text, text);
            while (true)
            {
                await RunEditor(draft.Draft);
                if (SettingsDraft.Read(draft.Draft) == text)
                {
                    Console.WriteLine("Nothing was changed.");
                    return (int)ExitCode.Ok;
                }

                if (await TryToTake() is not { } fault) break;
                Console.Error.WriteLine($"waltvpn: {TerminalText.Plain(fault)}");
                if (Console.IsInputRedirected) throw new CliException(ExitCode.Refused, "the settings stay as they were");
                Console.Error.Write("Edit them again? Else they stay as they were. [Y/n] ");
                if (Console.ReadLine()?.Trim() is not ("" or "y" or "Y" or "yes")) throw new CliException(ExitCode.Refused, "the settings stay as they were");
            }

            Console.WriteLine($"{TerminalText.Plain(path)} is changed. {TakeOver}");
            return (int)ExitCode.Ok;

            // What somebody typed is not lost for a fault in it.
            async Task<string?> TryToTake()
            {
                try
                {
                    await Take(draft, arguments.GetValue(noTest) ? null : global.Connect(arguments), cancel);
                    return null;
                }
                catch (CliException fault)
                {
                    return fault.Message;
                }
            }
        });
        return edit;
    }

    private static Command Check(Option<string> file)
    {
        var which = new Argument<string?>("FILE") { Description = "Another file than --config names", Arity = ArgumentArity.ZeroOrOne };
        var check = new Command("check", "Say whether the daemon can use the settings; if not, in which line and why. Example: waltvpn config check") { which, file };
        check.SetAction(async (arguments, _) =>
        {
            var path = arguments.GetValue(which) ?? arguments.GetValue(file)!;
            if (await SettingsJudge.Fault(path) is { } fault) throw new CliException(ExitCode.Failed, fault);
            Console.WriteLine($"{TerminalText.Plain(path)}: all right");
            return (int)ExitCode.Ok;
        });
        return check;
    }

    /// <summary>Checks a draft, tries its new entrypoints, and puts it in place.</summary>
    /// <param name="draft">The changed file.</param>
    /// <param name="server">Who is asked for what the tries need; null: nothing is tried. Disposed.</param>
    /// <param name="cancel">Ends the tries.</param>
    public static async Task Take(SettingsDraft draft, ServerConnection? server, CancellationToken cancel)
    {
        using (server)
        {
            if (await draft.Fault() is { } fault) throw new CliException(ExitCode.Refused, $"{fault.TrimEnd('.')}. The settings stay as they were.");
            if (server is not null)
            {
                foreach (var test in await draft.TryEntrypoints(server, cancel)) Console.Error.WriteLine(TerminalText.Plain($"{test.Kind} {test.Entrypoint}: {test.Finding}"));
            }

            draft.Commit();
        }
    }

    private static async Task RunEditor(string path)
    {
        var editor = Variable("VISUAL") ?? Variable("EDITOR") ?? "vi";
        // As other programs do: the variable may hold options.
        var words = editor.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(words[0], [.. words[1..], path]))!;
            await process.WaitForExitAsync();
            if (process.ExitCode != 0) throw new CliException(ExitCode.Failed, $"{words[0]} ended with status {process.ExitCode}; the settings stay as they were");
        }
        catch (Win32Exception e)
        {
            throw new CliException(ExitCode.Failed, $"cannot start the editor {TerminalText.Plain(words[0])}: {e.Message}. Name yours: EDITOR=nano waltvpn config edit");
        }
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { } value && !string.IsNullOrWhiteSpace(value) ? value : null;

    private static string Text(SettingView setting) => setting.Values.Count == 0 ? "-" : string.Join(", ", setting.Values);
}
