using System.CommandLine;
using WaltVpn.Cli.Entrypoints;
using WaltVpn.Cli.Life;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Doctor;

/// <summary><c>waltvpn doctor</c>: walks the chain from a board to the platform's network, and names the link that is broken and what to do.</summary>
internal static class DoctorCommand
{
    /// <summary>The command.</summary>
    public static Command Create(GlobalOptions global)
    {
        var which = new Argument<string?>("NODE") { Description = "Look at this node too: its name, or the first digits of its id", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command(
            "doctor",
            "Look at every part that a node needs, and say what is broken and what to type. Changes nothing. Exit status 1 when something is broken. Example: waltvpn doctor node-3fa2c1")
        {
            which, global.Output,
        };
        command.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var checks = await OfServer(server, cancel);
            if (arguments.GetValue(which) is { } name)
            {
                var node = await NodeCommands.Find(server, name, cancel);
                checks.AddRange(NodeChecks.Of(node, DateTimeOffset.UtcNow));
                checks.AddRange(ImageCheck.Of(node));
                checks.AddRange(BootCheck.Of(node, await NodeLifeCommands.Boots(server, node, cancel)));
            }

            Print(arguments.GetValue(global.Output), checks);
            return (int)(checks.All(check => check.Works) ? ExitCode.Ok : ExitCode.Failed);
        });
        return command;
    }

    private static async Task<List<HealthCheck>> OfServer(ServerConnection server, CancellationToken cancel)
    {
        var checks = new List<HealthCheck> { new("daemon", true, "answers") };
        checks.AddRange(await server.Get(Routes.Health, ProtocolJson.Default.IReadOnlyListHealthCheck, cancel));
        checks.AddRange((await OfWaysIn(server, cancel)).Select(test => new HealthCheck(
            $"{test.Kind} way in", test.Works, $"{test.Entrypoint} {test.Finding}", test.Works ? null : $"then try again: waltvpn entrypoint test {test.Kind} {test.Entrypoint}")));
        return checks;
    }

    private static async Task<IEnumerable<EntrypointTest>> OfWaysIn(ServerConnection server, CancellationToken cancel)
    {
        var platform = await server.Get(Routes.Platform, ProtocolJson.Default.PlatformView, cancel);
        NodeSettings settings;
        try
        {
            settings = await server.Get(Routes.NodeSettings, ProtocolJson.Default.NodeSettings, cancel);
        }
        catch (CliException)
        {
            // Without host keys, which have a check of their own, nobody can be recognised.
            return [];
        }

        // At once: one that swallows packets costs seconds.
        var ssh = settings.SshEntrypoints
            .Select(text => SshEntrypoint.TryParse(text, out var place) ? SshProbe.Try(place, settings, cancel) : throw new InvalidOperationException($"internal error: '{text}'"));
        var http = platform.HttpEntrypoint is { } host ? [HttpProbe.Try(host, platform.ServerName, cancel)] : (IEnumerable<Task<EntrypointTest>>)[];
        return await Task.WhenAll([.. ssh, .. http]);
    }

    private static void Print(OutputFormat format, List<HealthCheck> checks)
    {
        if (format is not (OutputFormat.Table or OutputFormat.Wide))
        {
            ResultPrinter.PrintList(format, checks, ProtocolJson.Default.IReadOnlyListHealthCheck, check => check.Name, [], _ => []);
            return;
        }

        foreach (var check in checks)
        {
            Console.WriteLine($"{(check.Works ? "ok    " : "BROKEN")} {check.Name,-13} {TerminalText.Plain(check.Finding)}");
            if (check.Remedy is { } remedy) Console.WriteLine($"{"",-20} -> {TerminalText.Plain(remedy)}");
        }

        var broken = checks.Count(check => !check.Works);
        Console.WriteLine(broken == 0 ? "All is well." : $"{broken} of {checks.Count} are broken; begin with the first.");
    }
}
