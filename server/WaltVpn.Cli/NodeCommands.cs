using System.CommandLine;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn node …</c></summary>
internal static class NodeCommands
{
    /// <summary>The commands of the noun.</summary>
    public static Command Create(GlobalOptions global)
    {
        var which = new Argument<string>("NODE") { Description = "Name of a node, or the first digits of its id" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        var list = new Command("list", "List all nodes. Example: waltvpn node list -o json") { global.Output };
        list.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            PrintAll(arguments.GetValue(global.Output), await All(server, cancel));
            return (int)ExitCode.Ok;
        });
        var show = new Command("show", "Show one node. Example: waltvpn node show node-3fa2c1") { which, global.Output };
        show.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            Print(arguments.GetValue(global.Output), await Find(server, arguments.GetValue(which)!, cancel));
            return (int)ExitCode.Ok;
        });
        var revoke = new Command(
            "revoke", "Void a node's certificates for ever and cut its tunnel. Example: waltvpn node revoke node-3fa2c1 --yes") { which, yes, global.Output };
        revoke.SetAction(async (arguments, cancel) =>
        {
            using var server = global.Connect(arguments);
            return (int)await Revoke(server, arguments.GetValue(which)!, arguments.GetValue(yes), arguments.GetValue(global.Output), cancel);
        });
        return new Command("node", "Nodes of the platform. Example: waltvpn node list") { list, show, revoke };
    }

    private static Task<IReadOnlyList<NodeView>> All(ServerConnection server, CancellationToken cancel) =>
        server.Get(Routes.Nodes, ProtocolJson.Default.IReadOnlyListNodeView, cancel);

    private static async Task<NodeView> Find(ServerConnection server, string which, CancellationToken cancel)
    {
        var asked = TerminalText.Plain(which);
        var found = (await All(server, cancel)).Where(node => node.Name == which || node.Id.StartsWith(which, StringComparison.Ordinal)).ToList();
        return found switch
        {
            [var node] => node,
            [] => throw new CliException(ExitCode.NotFound, $"no node has the name or id '{asked}'. List them with: waltvpn node list"),
            _ => throw new CliException(
                ExitCode.Usage, $"'{asked}' fits {found.Count} nodes ({string.Join(", ", found.Select(node => node.Name))}); give a name"),
        };
    }

    private static async Task<ExitCode> Revoke(ServerConnection server, string which, bool yes, OutputFormat format, CancellationToken cancel)
    {
        var node = await Find(server, which, cancel);
        var already = node.State == NodeState.Revoked;
        if (!yes && !already) Confirm(node);
        // Also when it was revoked before: the server sees again to the list and to the tunnel.
        var revoked = await server.Post($"{Routes.Nodes}/{node.Id}/revoke", null, ProtocolJson.Default.NodeView, cancel);
        var outcome = $"{revoked.Name} {(already ? "was already" : "is")} revoked";
        ResultPrinter.PrintOne(format, revoked, ProtocolJson.Default.NodeView, view => view.Name, _ => Console.WriteLine(outcome));
        return ExitCode.Ok;
    }

    private static void Confirm(NodeView node)
    {
        if (Console.IsInputRedirected) throw new CliException(ExitCode.Usage, "without a terminal nobody can be asked; add --yes");
        Console.Write(TerminalText.Plain($"Revoke {node.Name} ({node.Model}, {node.Mac})? Its key is void for ever. [y/N] "));
        if (Console.ReadLine()?.Trim() is not ("y" or "yes")) throw new CliException(ExitCode.Refused, "nothing was changed");
    }

    private static void PrintAll(OutputFormat format, IReadOnlyList<NodeView> nodes) => ResultPrinter.PrintList(
        format,
        nodes,
        ProtocolJson.Default.IReadOnlyListNodeView,
        node => node.Name,
        ["NAME", "STATE", "LEGACY", "TUNNEL", "ADDRESS", "VPN MAC", "MODEL", "ID"],
        node =>
        [
            node.Name, Word(node.State), node.Legacy ? "yes" : "-", node.Tunnel is null ? "-" : "up", node.Tunnel?.Addresses is [.., var last] ? last : "-",
            node.VpnMac.ToString(), node.Model, node.Id[..8],
        ]);

    private static void Print(OutputFormat format, NodeView node) =>
        ResultPrinter.PrintOne(format, node, ProtocolJson.Default.NodeView, view => view.Name, view => ResultPrinter.PrintFields(Fields(view)));

    private static IEnumerable<(string Label, string? Value)> Fields(NodeView view) =>
    [
        ("name", view.Name), ("state", Word(view.State)), ("id", view.Id), ("model", view.Model), ("serial", view.Serial), ("mac", view.Mac.ToString()),
        ("vpn mac", view.VpnMac.ToString()), ("key", view.Fingerprint),
        ("legacy", view.Legacy ? "yes: its key came by WalT's HTTP protocol, unproved" : null), ("accepted", $"{view.AcceptedAt:u}"),
        ("certificate", $"{view.CertificateSerial}, until {view.CertificateEnds:u}"), .. Fields(view.Tunnel),
    ];

    private static IEnumerable<(string Label, string? Value)> Fields(TunnelSession? tunnel) => tunnel is null
        ? [("tunnel", "down")]
        :
        [
            ("tunnel", $"up since {tunnel.Since:u} on {tunnel.Tap}"),
            ("addresses", string.Join(", ", tunnel.Addresses)),
            ("frames", $"{tunnel.FramesFromNode} from the node, {tunnel.FramesToNode} to it, {tunnel.FramesRefused} refused"),
        ];

    private static string Word(NodeState state) => state switch
    {
        NodeState.Accepted => "accepted",
        NodeState.Revoked => "revoked",
    };
}
