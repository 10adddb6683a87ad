using System.CommandLine;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Entrypoints;

/// <summary><c>waltvpn entrypoint test http|ssh</c>: does the way in that nodes take lead to this server?</summary>
internal static class EntrypointCommands
{
    /// <summary>The commands of the noun.</summary>
    public static Command Create(GlobalOptions global)
    {
        var host = new Argument<string?>("HOST") { Description = "Host, or host:port (default: what server.yaml names)", Arity = ArgumentArity.ZeroOrOne };
        var http = new Command(
            "http", "Ask an HTTP entrypoint for the server's name. Example: waltvpn entrypoint test http boot.example.org") { host, global.Output };
        http.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var platform = await server.Get(Routes.Platform, ProtocolJson.Default.PlatformView, cancel);
            var name = arguments.GetValue(host) ?? platform.HttpEntrypoint
                ?? throw new CliException(ExitCode.Usage, "server.yaml names no http.entrypoint; say which, e.g. waltvpn entrypoint test http boot.example.org");
            Parse(name);
            return Print(arguments.GetValue(global.Output), [await HttpProbe.Try(name, platform.ServerName, cancel)]);
        });
        var ssh = new Command(
            "ssh", "Go the way of a board that asks to join, up to the server's challenge. Example: waltvpn entrypoint test ssh vpn.example.org:2222")
        {
            host, global.Output,
        };
        ssh.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var settings = await server.Get(Routes.NodeSettings, ProtocolJson.Default.NodeSettings, cancel);
            var entrypoints = (arguments.GetValue(host) is { } given ? [given] : settings.SshEntrypoints).Select(Parse);
            // At once: one that swallows packets costs seconds.
            return Print(arguments.GetValue(global.Output), await Task.WhenAll(entrypoints.Select(entrypoint => SshProbe.Try(entrypoint, settings, cancel))));
        });
        return new Command("entrypoint", "Ways in for nodes. Example: waltvpn entrypoint test ssh")
        {
            new Command("test", "Try an entrypoint. Example: waltvpn entrypoint test http boot.example.org") { http, ssh },
        };
    }

    private static SshEntrypoint Parse(string text) => SshEntrypoint.TryParse(text, out var entrypoint)
        ? entrypoint
        : throw new CliException(ExitCode.Usage, $"'{TerminalText.Plain(text)}' is no HOST or HOST:PORT, for example boot.example.org or 192.0.2.1:8080");

    private static int Print(OutputFormat format, IReadOnlyList<EntrypointTest> tests)
    {
        ResultPrinter.PrintList(
            format,
            tests,
            CliJson.Default.IReadOnlyListEntrypointTest,
            test => test.Entrypoint,
            ["ENTRYPOINT", "WORKS", "FINDING"],
            test => [$"{test.Kind} {test.Entrypoint}", test.Works ? "yes" : "no", test.Finding]);
        return (int)(tests.All(test => test.Works) ? ExitCode.Ok : ExitCode.Failed);
    }
}
