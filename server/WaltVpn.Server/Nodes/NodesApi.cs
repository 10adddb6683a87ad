using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Http;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Nodes;

/// <summary>Routes of the nodes (docs/protocol.md "HTTP").</summary>
internal static class NodesApi
{
    public static void MapNodes(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Protocol.Routes.Nodes, List);
        routes.MapGet(Protocol.Routes.Nodes + "/{id}", Show);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/revoke", Revoke);
    }

    private static async Task<Ok<NodeView[]>> List(Database database, HubControl hub, CancellationToken cancel)
    {
        var sessions = await Sessions(hub, cancel);
        return TypedResults.Ok(database.Read(db => NodeTable.All(db).Select(node => View(db, node, sessions)).ToArray()));
    }

    private static async Task<Results<Ok<NodeView>, ProblemHttpResult>> Show(string id, Database database, HubControl hub, CancellationToken cancel)
    {
        var sessions = await Sessions(hub, cancel);
        return database.Read(db => NodeTable.Find(db, id) is { } node ? View(db, node, sessions) : null) is { } view ? TypedResults.Ok(view) : NoSuchNode();
    }

    private static async Task<Results<Ok<NodeView>, ProblemHttpResult>> Revoke(
        string id, HttpContext http, Database database, NodeCut cut, TimeProvider time, ILogger<NodeCut> log)
    {
        var by = await Operator.NameOf(http);
        var now = time.GetUtcNow();
        var (node, isNew) = database.Decide(db =>
        {
            var ended = NodeTable.Revoke(db, id, by, now) > 0;
            if (ended)
            {
                NodeTable.RevokeKeys(db, id, now);
                CertificateJournal.RevokeAll(db, id, now);
            }

            return (NodeTable.Find(db, id), ended);
        });
        if (node is null) return NoSuchNode();
        if (isNew) log.Revoked(node.Name, node.Id, by);
        // Not cancelled with the request: what was decided is carried out. A second time too: the operator may ask because something was left undone.
        var faults = await cut.Enforce(id, "revoked", CancellationToken.None);
        return faults.Count == 0
            ? TypedResults.Ok(database.Read(db => View(db, node, [])))
            : Problems.Trouble(
                $"{node.Name} is revoked and can no longer log in, but {string.Join(", and ", faults)}; the server tries again by itself."
                + " See: journalctl -u waltvpnd -u waltvpn-hub");
    }

    private static ProblemHttpResult NoSuchNode() => Problems.NotFound("There is no node with this id. List them with: waltvpn node list");

    /// <summary>No tunnels when the hub does not answer: a node list without them is still of use.</summary>
    private static async Task<IReadOnlyList<TunnelSession>> Sessions(HubControl hub, CancellationToken cancel)
    {
        try
        {
            return await hub.List(cancel);
        }
        catch (HubException)
        {
            return [];
        }
    }

    private static NodeView View(SqliteConnection db, NodeRow node, IReadOnlyList<TunnelSession> sessions)
    {
        var certificate = CertificateJournal.Last(db, node.Id);
        var claims = node.Claims;
        return new NodeView
        {
            Id = node.Id,
            Name = node.Name,
            State = node.IsAccepted ? NodeState.Accepted : NodeState.Revoked,
            Model = claims.Model,
            Serial = claims.Serial,
            Mac = claims.Mac,
            VpnMac = MacAddress.Parse(node.VpnMac),
            Fingerprint = NodePublicKey.TryParseAny(node.PublicKey, out var key, out _) ? key.Fingerprint : "",
            AcceptedAt = DateTimeOffset.FromUnixTimeSeconds(node.AcceptedAt),
            CertificateSerial = (ulong)(certificate?.Serial ?? 0),
            CertificateEnds = DateTimeOffset.FromUnixTimeSeconds(certificate?.ValidBefore ?? node.AcceptedAt),
            Legacy = node.IsLegacy,
            Tunnel = sessions.FirstOrDefault(session => session.NodeId == node.Id),
        };
    }
}
