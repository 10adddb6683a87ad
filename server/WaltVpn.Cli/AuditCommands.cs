using System.CommandLine;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn audit …</c>: verified here, not by who wrote it.</summary>
internal static class AuditCommands
{
    /// <summary>Lines asked for at a time.</summary>
    private const int Page = 1000;

    /// <summary>The commands of the noun.</summary>
    public static Command Create(GlobalOptions global) =>
        new("audit", "Who decided what, when, and from where. Example: waltvpn audit list") { List(global), Verify(global), Export(global) };

    private static Command List(GlobalOptions global)
    {
        var last = new Option<int>("--last") { Description = "So many lines", HelpName = "N", DefaultValueFactory = _ => 50 };
        var node = new Option<string?>("--node") { Description = "Of this node only: its name or id", HelpName = "NODE" };
        var list = new Command("list", "Show the newest lines, the newest last. Example: waltvpn audit list --node node-3fa2c1") { last, node, global.Output };
        list.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var subject = arguments.GetValue(node) is { } which ? $"&subject={(await NodeCommands.Find(server, which, cancel)).Id}" : "";
            var path = string.Create(CultureInfo.InvariantCulture, $"{Routes.Audit}?most={arguments.GetValue(last)}{subject}");
            ResultPrinter.PrintList(
                arguments.GetValue(global.Output),
                await server.Get(path, ProtocolJson.Default.IReadOnlyListAuditEntry, cancel),
                ProtocolJson.Default.IReadOnlyListAuditEntry,
                entry => entry.Number.ToString(CultureInfo.InvariantCulture),
                ["NO", "AT", "BY", "FROM", "WHAT", "DETAIL"],
                entry => [entry.Number.ToString(CultureInfo.InvariantCulture), $"{entry.At:u}", entry.By, entry.Source, entry.Action, Detail(entry)]);
            return (int)ExitCode.Ok;
        });
        return list;
    }

    private static Command Verify(GlobalOptions global)
    {
        var file = new Option<string?>("--file") { Description = "An export instead of the server's trail", HelpName = "FILE" };
        var head = new Option<string?>("--head") { Description = "A hash that an earlier verification named: the trail must still hold that line", HelpName = "HASH" };
        var verify = new Command(
            "verify",
            "Check that no line was changed, removed or put in between. Lines cut off at the end show only against a hash that you kept. Example: waltvpn audit verify --head 5c1f…")
        {
            file, head,
        };
        verify.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var lines = arguments.GetValue(file) is { } path ? Lines(path) : await All(server, cancel).ToListAsync(cancel);
            var (right, newest, fault) = AuditChain.Walk(lines);
            if (fault is not null) throw new CliException(ExitCode.Failed, $"the audit trail is damaged: {fault}. {right} lines before it are right.");
            if (arguments.GetValue(head) is { } kept && !lines.Any(line => line.Hash == kept))
                throw new CliException(ExitCode.Failed, $"the audit trail has no line with the hash {kept}: it was cut off, or is another server's");
            Console.WriteLine($"{right} lines, all right. Keep the newest hash elsewhere, for --head next time: {newest}");
            return (int)ExitCode.Ok;
        });
        return verify;
    }

    private static Command Export(GlobalOptions global)
    {
        var export = new Command("export", "Print all lines, one JSON object each. Example: waltvpn audit export > audit.jsonl");
        export.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            await foreach (var entry in All(server, cancel)) Console.WriteLine(JsonSerializer.Serialize(entry, ProtocolJson.Default.AuditEntry));
            return (int)ExitCode.Ok;
        });
        return export;
    }

    private static async IAsyncEnumerable<AuditEntry> All(ServerConnection server, [EnumeratorCancellation] CancellationToken cancel)
    {
        for (long after = 0; ;)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"{Routes.Audit}?after={after}&most={Page}");
            var lines = await server.Get(path, ProtocolJson.Default.IReadOnlyListAuditEntry, cancel);
            foreach (var line in lines) yield return line;
            if (lines.Count < Page) yield break;
            after = lines[^1].Number;
        }
    }

    private static List<AuditEntry> Lines(string path)
    {
        var lines = new List<AuditEntry>();
        try
        {
            foreach (var line in File.ReadLines(path))
            {
                lines.Add(JsonSerializer.Deserialize(line, ProtocolJson.Default.AuditEntry) ?? throw new JsonException("it is null"));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot read the export: {e.Message}");
        }
        catch (JsonException)
        {
            throw new CliException(ExitCode.Failed, $"{TerminalText.Plain(path)}: line {lines.Count + 1} is no line of 'waltvpn audit export'");
        }

        return lines;
    }

    // The id of a node says nothing to a person, and its name stands in the detail.
    private static string Detail(AuditEntry entry) =>
        entry.Action.StartsWith("node ", StringComparison.Ordinal) || entry.Action.StartsWith("certificate ", StringComparison.Ordinal)
            ? entry.Detail
            : string.Join(": ", ((IEnumerable<string>)[entry.Subject, entry.Detail]).Where(part => part.Length > 0));
}
