using Microsoft.AspNetCore.Http.HttpResults;
using WaltVpn.Protocol;
using WaltVpn.Server.Http;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Life;

/// <summary>Routes of a node's boots, log and orders (docs/protocol.md "HTTP").</summary>
internal static class NodeLifeApi
{
    public static void MapNodeLife(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Protocol.Routes.Nodes + "/{id}/boots", Boots);
        routes.MapGet(Protocol.Routes.Nodes + "/{id}/boots/{boot}/log", Log);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/reboot", Reboot);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/blink", Blink);
    }

    private static Results<Ok<NodeBootView[]>, ProblemHttpResult> Boots(string id, Database database) =>
        database.Read(db => NodeTable.Find(db, id) is null ? null : NodeBootTable.Of(db, id)) is { } boots
            ? TypedResults.Ok(boots.Select(boot => boot.View).ToArray())
            : NoSuchNode();

    private static Results<Ok<NodeLogView>, ProblemHttpResult> Log(string id, string boot, Database database, long after = -1) =>
        database.Read(db => NodeBootTable.Of(db, id).FirstOrDefault(row => row.Boot == boot) is { } found
            ? new NodeLogView { Boot = found.View, Lines = NodeBootTable.Lines(db, found, after) }
            : null) is { } view ? TypedResults.Ok(view) : Problems.NotFound("The node has told of no such boot. See: waltvpn node timeline NODE");

    private static async Task<Results<Ok, ProblemHttpResult>> Reboot(string id, HttpContext http, NodeOrders orders, CancellationToken cancel) =>
        Answer(await orders.Tell(id, new TunnelControl { Kind = TunnelControl.Reboot }, "", await Operator.NameOf(http), cancel));

    private static async Task<Results<Ok, ProblemHttpResult>> Blink(string id, BlinkOrder order, HttpContext http, NodeOrders orders, CancellationToken cancel)
    {
        if (order.Seconds is < BlinkOrder.Least or > BlinkOrder.Most)
            return Problems.BadRequest($"A node blinks for {BlinkOrder.Least} to {BlinkOrder.Most} seconds.");
        var word = new TunnelControl { Kind = TunnelControl.Blink, Seconds = order.Seconds };
        return Answer(await orders.Tell(id, word, $"{order.Seconds} s", await Operator.NameOf(http), cancel));
    }

    private static Results<Ok, ProblemHttpResult> Answer(NodeOutcome outcome) => outcome switch
    {
        NodeOutcome.Done => TypedResults.Ok(),
        NodeOutcome.NoSuchNode => NoSuchNode(),
        NodeOutcome.Refused refused => Problems.Conflict(refused.Detail),
        var other => throw new InvalidOperationException($"internal error: {other}"),
    };

    private static ProblemHttpResult NoSuchNode() => Problems.NotFound("There is no node with this id. List them with: waltvpn node list");
}
