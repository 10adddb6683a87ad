using System.CommandLine;
using System.Globalization;
using System.Net.Http.Json;
using WaltVpn.Cli.Doctor;
using WaltVpn.Cli.Life;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn node …</c></summary>
internal static class NodeCommands
{
    private const int LeastDigits = 4;

    /// <summary>The commands of the noun.</summary>
    public static Command Create(GlobalOptions global)
    {
        var which = new Argument<string>("NODE") { Description = "Name of a node, or the first four or more digits of its id" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var forgotten = new Option<bool>("--all", "-a") { Description = "Forgotten nodes too" };
        var name = new Argument<string>("NAME") { Description = "The new name: a-z, 0-9 and '-', begins with a letter" };
        var tagged = new Option<string[]>("--tag") { Description = "Those with this tag; several: with all of them", HelpName = "TAG", DefaultValueFactory = _ => [] };
        var list = new Command("list", "List all nodes. Example: waltvpn node list --tag lab -o wide") { forgotten, tagged, global.Output };
        list.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            var nodes = await All(server, arguments.GetValue(forgotten), cancel);
            PrintAll(arguments.GetValue(global.Output), [.. nodes.Where(node => arguments.GetValue(tagged)!.All(tag => node.Tags?.Contains(tag) == true))]);
            return (int)ExitCode.Ok;
        });
        var show = new Command("show", "Show one node. Example: waltvpn node show node-3fa2c1") { which, global.Output };
        show.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            Print(arguments.GetValue(global.Output), await Find(server, arguments.GetValue(which)!, cancel));
            return (int)ExitCode.Ok;
        });
        var rename = new Command("rename", "Give a node another name. Example: waltvpn node rename node-3fa2c1 roof-north") { which, name, global.Output };
        rename.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            if (!NodeName.IsValid(arguments.GetValue(name)!)) throw new CliException(ExitCode.Usage, NodeName.Rule);
            var node = await Find(server, arguments.GetValue(which)!, cancel);
            var body = JsonContent.Create(new NodeName { Name = arguments.GetValue(name)! }, ProtocolJson.Default.NodeName);
            var renamed = await server.PostContent($"{Routes.Nodes}/{node.Id}/rename", body, ProtocolJson.Default.NodeView, cancel);
            PrintOutcome(arguments.GetValue(global.Output), renamed, $"{node.Name} is now {renamed.Name}");
            return (int)ExitCode.Ok;
        });
        var node = new Command("node", "Nodes of the platform. Example: waltvpn node list")
        {
            list,
            show,
            rename,
            Tag(),
            SetBootMode(),
            ExpectedCommands.Import(global),
            ExpectedCommands.Create(global),
            Change("disable", "Keep a node out and cut its tunnel, until it is enabled. Example: waltvpn node disable node-3fa2c1", NodeState.Disabled),
            Change("enable", "Let a disabled node in again. Example: waltvpn node enable node-3fa2c1", NodeState.Accepted),
            Change(
                "revoke",
                "Void a node's key and certificates for ever and cut its tunnel. Example: waltvpn node revoke node-3fa2c1 --yes",
                NodeState.Revoked,
                askFirst: "Its key is void for ever."),
            Change(
                "forget",
                "Take a node off the lists, void its certificates, cut its tunnel. Its key may ask to join again. Example: waltvpn node forget node-3fa2c1 --yes",
                NodeState.Forgotten,
                askFirst: "It is off the lists until it asks to join again."),
        };
        foreach (var command in NodeLifeCommands.Create(global)) node.Add(command);
        return node;

        Command Tag()
        {
            var add = new Argument<string[]>("TAG") { Description = "Tags that it gets: a-z, 0-9, '-' and '.'", Arity = ArgumentArity.ZeroOrMore };
            var remove = new Option<string[]>("--remove") { Description = "Tags that it loses", HelpName = "TAG", DefaultValueFactory = _ => [] };
            var tag = new Command("tag", "Put tags on a node, or take them off. Example: waltvpn node tag roof-north lab lyon --remove spare") { which, add, remove, global.Output };
            tag.SetAction(async (arguments, cancel) =>
            {
                var change = new NodeTags { Add = arguments.GetValue(add)!, Remove = arguments.GetValue(remove)! };
                if (change.Add.Count + change.Remove.Count == 0) throw new CliException(ExitCode.Usage, "name the tags to put on, or with --remove those to take off");
                using var server = global.Connect(arguments);
                var node = await Find(server, arguments.GetValue(which)!, cancel);
                var body = JsonContent.Create(change, ProtocolJson.Default.NodeTags);
                var changed = await server.PostContent($"{Routes.Nodes}/{node.Id}/tags", body, ProtocolJson.Default.NodeView, cancel);
                PrintOutcome(arguments.GetValue(global.Output), changed, $"{changed.Name} has {(changed.Tags is { } tags ? string.Join(' ', tags) : "no tags")} now");
                return (int)ExitCode.Ok;
            });
            return tag;
        }

        Command SetBootMode()
        {
            var mode = new Argument<string>("MODE")
            {
                Description = "enforced: the platform's signed boot files only. permissive: then TFTP, then the SD card; its certificates live 30 days. "
                    + "default: as bootMode in server.yaml",
            };
            string[] modes = ["enforced", "permissive", "default"];
            mode.CompletionSources.Add(modes);
            mode.Validators.Add(result =>
            {
                if (!modes.Contains(result.Tokens[0].Value)) result.AddError($"'{result.Tokens[0].Value}' is no boot mode; MODE is enforced, permissive or default");
            });
            var command = new Command("boot-mode", "Say what a node's board may boot. Example: waltvpn node boot-mode roof-north permissive")
            {
                which, mode, global.Output,
            };
            command.SetAction(async (arguments, cancel) =>
            {
                BootMode? wanted = arguments.GetValue(mode) switch { "enforced" => BootMode.Enforced, "permissive" => BootMode.Permissive, _ => null };
                using var server = global.Connect(arguments);
                var node = await Find(server, arguments.GetValue(which)!, cancel);
                var body = JsonContent.Create(new NodeBootMode { Mode = wanted }, ProtocolJson.Default.NodeBootMode);
                var changed = await server.PostContent($"{Routes.Nodes}/{node.Id}/boot-mode", body, ProtocolJson.Default.NodeView, cancel);
                var consequence = changed is { BootMode: BootMode.Permissive, Legacy: true }
                        ? "fetches a certificate of 30 days in the platform's own network only; with the one it has it logs in for 30 days more"
                    : changed.BootMode == BootMode.Permissive ? "gets its first certificate of 30 days then" : "goes by it from its next start on";
                PrintOutcome(
                    arguments.GetValue(global.Output),
                    changed,
                    $"{changed.Name} is {Word(changed.BootMode)} now. It learns so when it asks for its settings, and {consequence}");
                return (int)ExitCode.Ok;
            });
            return command;
        }

        Command Change(string verb, string description, NodeState state, string? askFirst = null)
        {
            var command = new Command(verb, description) { which, global.Output };
            if (askFirst is not null) command.Add(yes);
            command.SetAction(async (arguments, cancel) =>
            {
                using var server = global.Connect(arguments);
                var node = await Find(server, arguments.GetValue(which)!, cancel);
                var already = state == NodeState.Revoked ? node.KeyRevoked : node.State == state;
                if (askFirst is not null && !already && !arguments.GetValue(yes)) Confirm(verb, node, askFirst);
                // Also when it was so before: the server sees again to what follows, the list and the tunnel.
                var changed = await server.Post($"{Routes.Nodes}/{node.Id}/{verb}", null, ProtocolJson.Default.NodeView, cancel);
                PrintOutcome(arguments.GetValue(global.Output), changed, $"{changed.Name} {(already ? "was already" : "is")} {Word(state)}");
                return (int)ExitCode.Ok;
            });
            return command;
        }
    }

    private static Task<IReadOnlyList<NodeView>> All(ServerConnection server, bool forgotten, CancellationToken cancel) =>
        server.Get(forgotten ? $"{Routes.Nodes}?forgotten=true" : Routes.Nodes, ProtocolJson.Default.IReadOnlyListNodeView, cancel);

    /// <summary>By name, or by the first digits of the id, at least four: what a slip leaves of a name must not be a node. A forgotten one only when no other has the name.</summary>
    public static async Task<NodeView> Find(ServerConnection server, string which, CancellationToken cancel)
    {
        if (which.Length == 0) throw new CliException(ExitCode.Usage, "the name of the node is empty. List them with: waltvpn node list");
        var asked = TerminalText.Plain(which);
        var fit = (await All(server, forgotten: true, cancel)).Where(node => node.Name == which || IsIdOf(node, which));
        var found = fit.GroupBy(node => node.State == NodeState.Forgotten).OrderBy(group => group.Key).FirstOrDefault()?.ToList() ?? [];
        return found switch
        {
            [var node] => node,
            [] => throw new CliException(ExitCode.NotFound, $"no node has the name or id '{asked}'. List them with: waltvpn node list"),
            _ => throw new CliException(
                ExitCode.Usage,
                $"'{asked}' fits {found.Count} nodes ({string.Join(", ", found.Select(node => $"{node.Name} {node.Id[..8]}"))}); give more of the name or id"),
        };
    }

    private static bool IsIdOf(NodeView node, string digits) => digits.Length >= LeastDigits && node.Id.StartsWith(digits, StringComparison.Ordinal);

    /// <summary>Asks whether it is really meant.</summary>
    public static void Confirm(string verb, NodeView node, string consequence)
    {
        if (Console.IsInputRedirected) throw new CliException(ExitCode.Usage, "without a terminal nobody can be asked; add --yes");
        Console.Write(TerminalText.Plain($"{char.ToUpperInvariant(verb[0])}{verb[1..]} {node.Name} ({node.Model}, {node.Mac})? {consequence} [y/N] "));
        if (Console.ReadLine()?.Trim() is not ("y" or "yes")) throw new CliException(ExitCode.Refused, "nothing was changed");
    }

    /// <summary>Says what was done to a node.</summary>
    public static void PrintOutcome(OutputFormat format, NodeView node, string outcome) =>
        ResultPrinter.PrintOne(format, node, ProtocolJson.Default.NodeView, view => view.Name, _ => Console.WriteLine(outcome));

    private static void PrintAll(OutputFormat format, IReadOnlyList<NodeView> nodes) => ResultPrinter.PrintList(
        format,
        nodes,
        ProtocolJson.Default.IReadOnlyListNodeView,
        node => node.Name,
        ["NAME", "STATE", "LEGACY", "BOOT MODE", "TUNNEL", "ADDRESS", "VPN MAC", "MODEL", "ID"],
        node =>
        [
            node.Name, Word(node.State), node.Legacy ? "yes" : "-", Word(node.BootMode), node.Tunnel is null ? "-" : "up",
            node.Tunnel?.Addresses is [.., var last] ? last : "-", node.VpnMac.ToString(), node.Model, node.Id[..8],
        ],
        ["TAGS", "BOOT IMAGE", "SERIAL", "MAC", "LAST SEEN", "CERTIFICATE ENDS", "WORDS", "KEY"],
        node =>
        [
            node.Tags is { } tags ? string.Join(' ', tags) : "-", ImageCheck.Short(node.BootImage), node.Serial, node.Mac.ToString(),
            node.LastSeen is { } last ? $"{last:u}" : "-", $"{node.CertificateEnds:u}", node.FingerprintWords, node.Fingerprint,
        ]);

    private static void Print(OutputFormat format, NodeView node) =>
        ResultPrinter.PrintOne(format, node, ProtocolJson.Default.NodeView, view => view.Name, view => ResultPrinter.PrintFields(Fields(view)));

    private static IEnumerable<(string Label, string? Value)> Fields(NodeView view) =>
    [
        ("name", view.Name), ("state", Word(view.State)), ("id", view.Id), ("model", view.Model), ("serial", view.Serial), ("mac", view.Mac.ToString()),
        ("vpn mac", view.VpnMac.ToString()), ("key", view.KeyRevoked ? $"{view.Fingerprint}, void for ever" : view.Fingerprint),
        ("words", view.FingerprintWords), ("tags", view.Tags is { } tags ? string.Join(' ', tags) : null),
        ("legacy", view.Legacy ? "yes: its key came by WalT's HTTP protocol, unproved" : null), ("accepted", $"{view.AcceptedAt:u}"),
        ("certificate", $"{view.CertificateSerial}, until {view.CertificateEnds:u}"),
        ("boot mode", view.BootMode switch
        {
            BootMode.Permissive => "permissive: what its site or its card gives it boots too; its new certificates live 30 days",
            var mode => Word(mode),
        }),
        ("boot image", view.BootImage is { } image ? ImageCheck.Describe(image) : null),
        ("last seen", view.LastSeen is { } last ? $"{last:u}" : null), .. Fields(view.Tunnel),
    ];

    private static IEnumerable<(string Label, string? Value)> Fields(TunnelSession? tunnel) => tunnel is null
        ? [("tunnel", "down")]
        :
        [
            ("tunnel", $"up since {tunnel.Since:u} on {tunnel.Tap}"),
            ("addresses", string.Join(", ", tunnel.Addresses)),
            ("frames", $"{tunnel.FramesFromNode} from the node, {tunnel.FramesToNode} to it, {tunnel.FramesRefused} refused, {tunnel.FramesDropped} lost"),
            ("bytes", $"{tunnel.BytesFromNode} from the node, {tunnel.BytesToNode} to it"),
            ("framing", $"version {tunnel.TunnelVersion}"),
            ("round trip", tunnel.RoundTripMilliseconds is { } time ? string.Create(CultureInfo.InvariantCulture, $"{time:0.0} ms") : null),
        ];

    private static string Word(BootMode? mode) => mode switch
    {
        null => "-",
        BootMode.Enforced => "enforced",
        BootMode.Permissive => "permissive",
        _ => throw new InvalidOperationException($"internal error: {mode}"),
    };

    private static string Word(NodeState state) => state switch
    {
        NodeState.Accepted => "accepted",
        NodeState.Disabled => "disabled",
        NodeState.Revoked => "revoked",
        NodeState.Forgotten => "forgotten",
    };
}
