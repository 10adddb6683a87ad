using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Entrypoints;

/// <summary><c>waltvpn setup-proxy</c>: the script that makes a machine an SSH entrypoint.</summary>
internal static class SetupProxyCommand
{
    private const string StandardOutput = "-";
    private const string DefaultName = "proxy-setup.sh";

    // Also where the machine's own sshd stays at port 22.
    private const string DefaultListen = "2222";

    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var output = new Option<string>("--output")
        {
            Description = "The script. - is the standard output",
            HelpName = "FILE",
            DefaultValueFactory = _ => DefaultName,
        };
        var force = new Option<bool>("--force") { Description = "Replace the file" };
        var next = new Option<SshEntrypoint?>("--next")
        {
            Description = "The server, or the next proxy on the way to it, as the proxy reaches it (default: the server's name)",
            HelpName = "HOST[:PORT]",
            CustomParser = ReadNext,
        };
        var listen = new Option<string>("--listen")
        {
            Description = $"Where nodes reach the proxy (default {DefaultListen}). Nodes of WalT know port 22 only",
            HelpName = "[ADDRESS:]PORT",
            DefaultValueFactory = _ => DefaultListen,
            CustomParser = ReadListen,
        };
        var compatible = new Option<bool>("--walt-compatible")
        {
            Description = "For old nodes of WalT where port 22 is taken by the proxy's own sshd: their sessions end on the proxy, which then reads their traffic",
        };
        var nextKey = new Option<string?>("--next-host-key")
        {
            Description = "With --walt-compatible, when the next one is such a proxy too: its public SSH host key",
            HelpName = "FILE",
        };
        var command = new Command(
            "setup-proxy",
            "Write the script that makes a machine an SSH entrypoint: nodes' connections go through it to the server, end to end, and it can read none of them."
            + " Example: waltvpn setup-proxy --listen 2222; on the proxy: sudo sh proxy-setup.sh (--dry-run, --uninstall); then add proxy.example.org:2222 to"
            + " sshEntrypoints in server.yaml and try it: waltvpn entrypoint test ssh proxy.example.org:2222")
        {
            output, force, next, listen, compatible, nextKey,
        };
        command.SetAction(async (arguments, cancel) =>
        {
            var walt = arguments.GetValue(compatible);
            if (walt && arguments.GetResult(listen) is { Implicit: false })
                throw new CliException(ExitCode.Usage, "--listen has no meaning with --walt-compatible: nodes come to the proxy's own sshd");
            if (!walt && arguments.GetValue(nextKey) is not null) throw new CliException(ExitCode.Usage, "--next-host-key makes sense with --walt-compatible only");
            var file = arguments.GetValue(output)!;
            using var server = global.Connect(arguments);
            var platform = await server.Get(Routes.Platform, ProtocolJson.Default.PlatformView, cancel);
            var settings = await server.Get(Routes.NodeSettings, ProtocolJson.Default.NodeSettings, cancel);
            var name = file == StandardOutput ? DefaultName : Path.GetFileName(file);
            if (!IsPlain(name)) throw new CliException(ExitCode.Usage, $"the name of the script may have a-z, A-Z, 0-9, dot, hyphen and underscore: {DefaultName}");
            var script = new ProxyScript(settings.Platform, name, arguments.GetValue(next) ?? Server(platform, settings));
            var text = walt ? ForWalt(script, platform, settings, arguments.GetValue(nextKey)) : script.Relay(arguments.GetValue(listen)!);
            await Write(file, arguments.GetValue(force), text);
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static async Task Write(string file, bool force, string text)
    {
        if (file == StandardOutput)
        {
            Console.Write(text);
            return;
        }

        await PrivateFile.Write(file, force, text);
        // Nothing in it is secret.
        File.SetUnixFileMode(file, Executable);
        Console.WriteLine($"{TerminalText.Plain(file)}: copy it to the proxy and run it there: sudo sh {Path.GetFileName(file)}");
    }

    private static string ForWalt(ProxyScript script, PlatformView platform, NodeSettings settings, string? nextKey)
    {
        if (platform.CaPublicKey is not { } authority)
            throw new CliException(ExitCode.Failed, "the server cannot read its CA's public key, which the proxy needs; see caPublicKey in server.yaml");
        return nextKey is null ? script.WaltCompatible(authority, settings.HostKeys, forwardsAgent: false)
            : script.WaltCompatible(authority, [ReadKey(nextKey)], forwardsAgent: true);
    }

    /// <summary>The server by its name, at the port that its own entrypoint has.</summary>
    private static SshEntrypoint Server(PlatformView platform, NodeSettings settings)
    {
        var name = platform.ServerName.ToLowerInvariant();
        foreach (var text in settings.SshEntrypoints)
        {
            if (SshEntrypoint.TryParse(text, out var entrypoint) && entrypoint.Host == name) return entrypoint;
        }

        return new SshEntrypoint(name, SshEntrypoint.DefaultPort);
    }

    /// <summary>Type and key of a public key file, without its comment.</summary>
    private static string ReadKey(string path)
    {
        try
        {
            var words = File.ReadAllText(path).Trim().Split(' ');
            if (words.Length >= 2 && HostKeyLine.IsUsable($"{words[0]} {words[1]}")) return $"{words[0]} {words[1]}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot read the host key: {e.Message}");
        }

        throw new CliException(
            ExitCode.Usage, $"{TerminalText.Plain(path)} is no public host key; it is /etc/ssh/ssh_host_ed25519_key.pub of the next proxy");
    }

    private static SshEntrypoint? ReadNext(ArgumentResult argument)
    {
        var word = argument.Tokens[0].Value;
        if (SshEntrypoint.TryParse(word, out var next)) return next;
        argument.AddError($"'{word}' is no HOST or HOST:PORT, for example vpn.example.org or 192.0.2.1:2222");
        return null;
    }

    private static string ReadListen(ArgumentResult argument)
    {
        var word = argument.Tokens[0].Value;
        if (int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535) return $"{port}";
        if (word.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(word, out var place) && place.Port > 0) return place.ToString();
        argument.AddError($"'{word}' is no PORT or ADDRESS:PORT, for example 2222 or 192.0.2.1:22");
        return DefaultListen;
    }

    private static bool IsPlain(string name) => name.Length > 0 && name[0] != '-' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');
}
