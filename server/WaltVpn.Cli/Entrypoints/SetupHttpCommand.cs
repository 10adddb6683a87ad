using System.CommandLine;
using System.CommandLine.Parsing;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Entrypoints;

/// <summary><c>waltvpn setup-http</c>: the site file of an HTTP entrypoint.</summary>
internal static class SetupHttpCommand
{
    private const int HttpPort = 80;

    /// <summary>The command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var proxy = new Option<HttpProxy>("--for") { Description = "nginx, apache, haproxy or caddy", HelpName = "SERVER", Required = true, CustomParser = ReadProxy };
        var name = new Option<string?>("--name") { Description = "What boards call the entrypoint (default: http.entrypoint of server.yaml)", HelpName = "HOST" };
        var server = new Option<string?>("--server")
        {
            Description = "The platform's server as the entrypoint reaches it (default: its name and port)",
            HelpName = "HOST[:PORT]",
        };
        var command = new Command(
            "setup-http",
            "Print the site file of an HTTP entrypoint: a web server that distant boards fetch their boot files from. It passes on what they need and nothing"
            + " else. Example: waltvpn setup-http --for nginx --name boot.example.org > walt-vpn; afterwards: waltvpn entrypoint test http boot.example.org")
        {
            proxy, name, server,
        };
        command.SetAction(async (arguments, cancel) =>
        {
            var (nameGiven, serverGiven) = (arguments.GetValue(name), arguments.GetValue(server));
            PlatformView? platform = null;
            if (nameGiven is null || serverGiven is null)
            {
                using var connection = global.Connect(arguments);
                platform = await connection.Get(Routes.Platform, ProtocolJson.Default.PlatformView, cancel);
            }

            Console.Write(HttpSite.For(arguments.GetValue(proxy), Name(nameGiven ?? platform!.HttpEntrypoint), Server(serverGiven, platform)));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static string Name(string? name)
    {
        if (name is null)
            throw new CliException(ExitCode.Usage, "server.yaml names no http.entrypoint; say what boards call the machine, e.g. --name boot.example.org");
        if (SshEntrypoint.IsHostName(name)) return name;
        throw new CliException(ExitCode.Usage, $"'{TerminalText.Plain(name)}' is no host name in lower case and no IPv4 address");
    }

    private static SshEntrypoint Server(string? given, PlatformView? platform)
    {
        if (given is null) return new SshEntrypoint(platform!.ServerName, platform.HttpPort);
        if (!SshEntrypoint.TryParse(given, out var server))
            throw new CliException(ExitCode.Usage, $"'{TerminalText.Plain(given)}' is no HOST or HOST:PORT, for example 192.0.2.1:8080");
        return given.EndsWith($":{server.Port}", StringComparison.Ordinal) ? server : server with { Port = HttpPort };
    }

    private static HttpProxy ReadProxy(ArgumentResult argument)
    {
        switch (argument.Tokens[0].Value)
        {
            case "nginx":
                return HttpProxy.Nginx;
            case "apache":
                return HttpProxy.Apache;
            case "haproxy":
                return HttpProxy.Haproxy;
            case "caddy":
                return HttpProxy.Caddy;
            case var word:
                argument.AddError($"no site is written for '{word}'; --for takes nginx, apache, haproxy or caddy");
                return default;
        }
    }
}
