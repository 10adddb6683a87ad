using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.BootFiles;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Http;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Nodes;

/// <summary>Routes of the nodes (docs/protocol.md "HTTP").</summary>
internal static class NodesApi
{
    public static void MapNodes(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Protocol.Routes.Nodes, List);
        routes.MapGet(Protocol.Routes.Nodes + "/{id}", Show);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/revoke", Revoke);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/forget", Forget);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/disable", Disable);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/enable", Enable);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/rename", Rename);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/tags", Tag);
        routes.MapPost(Protocol.Routes.Nodes + "/{id}/boot-mode", SetBootMode);
    }

    private static async Task<Ok<NodeView[]>> List(
        Database database, ServerSettings settings, HubControl hub, CancellationToken cancel, bool forgotten = false)
    {
        var sessions = await Sessions(hub, cancel);
        return TypedResults.Ok(database.Read(db => NodeTable.All(db, forgotten).Select(node => View(db, settings, node, sessions)).ToArray()));
    }

    private static async Task<Results<Ok<NodeView>, ProblemHttpResult>> Show(
        string id, Database database, ServerSettings settings, HubControl hub, CancellationToken cancel)
    {
        var sessions = await Sessions(hub, cancel);
        return database.Read(db => NodeTable.Find(db, id) is { } node ? View(db, settings, node, sessions) : null) is { } view
            ? TypedResults.Ok(view)
            : NoSuchNode();
    }

    private static Task<Results<Ok<NodeView>, ProblemHttpResult>> Revoke(
        string id, HttpContext http, NodeDecisions decisions, Database database, ServerSettings settings) =>
        Answer(http, database, settings, by => decisions.Revoke(id, by));

    private static Task<Results<Ok<NodeView>, ProblemHttpResult>> Forget(
        string id, HttpContext http, NodeDecisions decisions, Database database, ServerSettings settings) =>
        Answer(http, database, settings, by => decisions.Forget(id, by));

    private static Task<Results<Ok<NodeView>, ProblemHttpResult>> Disable(
        string id, HttpContext http, NodeDecisions decisions, Database database, ServerSettings settings) =>
        Answer(http, database, settings, by => decisions.Disable(id, by));

    private static Task<Results<Ok<NodeView>, ProblemHttpResult>> Enable(
        string id, HttpContext http, NodeDecisions decisions, Database database, ServerSettings settings) =>
        Answer(http, database, settings, by => decisions.Enable(id, by));

    private static async Task<Results<Ok<NodeView>, ProblemHttpResult>> Rename(
        string id, NodeName name, HttpContext http, NodeDecisions decisions, Database database, ServerSettings settings) => NodeName.IsValid(name.Name)
        ? await Answer(http, database, settings, by => Task.FromResult(decisions.Rename(id, name.Name, by)))
        : Problems.BadRequest(NodeName.Rule);

    private static async Task<Results<Ok<NodeView>, ProblemHttpResult>> Tag(
        string id, NodeTags tags, HttpContext http, NodeDecisions decisions, Database database, ServerSettings settings) =>
        tags.Add.Concat(tags.Remove).All(EnrollmentToken.IsTag)
        ? await Answer(http, database, settings, by => Task.FromResult(decisions.Tag(id, tags, by)))
        : Problems.BadRequest($"{EnrollmentToken.TagRule}.");

    private static Task<Results<Ok<NodeView>, ProblemHttpResult>> SetBootMode(
        string id, NodeBootMode mode, HttpContext http, NodeDecisions decisions, Database database, ServerSettings settings) =>
        Answer(http, database, settings, by => Task.FromResult(decisions.SetBootMode(id, mode.Mode, by)));

    private static async Task<Results<Ok<NodeView>, ProblemHttpResult>> Answer(
        HttpContext http, Database database, ServerSettings settings, Func<string, Task<NodeOutcome>> decide) =>
        await decide(await Operator.NameOf(http)) switch
        {
            NodeOutcome.Done { Faults: [] } done => TypedResults.Ok(database.Read(db => View(db, settings, done.Node, []))),
            NodeOutcome.Done done => Problems.Trouble(
                $"{done.Node.DisplayName} is {done.Node.State} and can no longer log in, but {string.Join(", and ", done.Faults)};"
                + " the server tries again by itself. See: journalctl -u waltvpnd -u waltvpn-hub"),
            NodeOutcome.NoSuchNode => NoSuchNode(),
            NodeOutcome.Refused refused => Problems.Conflict(refused.Detail),
            var other => throw new InvalidOperationException($"internal error: {other}"),
        };

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

    private static NodeView View(SqliteConnection db, ServerSettings settings, NodeRow node, IReadOnlyList<TunnelSession> sessions)
    {
        var certificate = CertificateJournal.Last(db, node.Id);
        var (claims, tags) = (node.Claims, TagTable.Of(db, node.Id));
        return new NodeView
        {
            Id = node.Id,
            Name = node.DisplayName,
            State = Enum.Parse<NodeState>(node.State, ignoreCase: true),
            Model = claims.Model,
            Serial = claims.Serial,
            Mac = claims.Mac,
            VpnMac = MacAddress.Parse(node.VpnMac),
            Fingerprint = NodePublicKey.TryParseAny(node.PublicKey, out var key, out _) ? key.Fingerprint : "",
            KeyRevoked = node.KeyRevokedAt is not null,
            AcceptedAt = DateTimeOffset.FromUnixTimeSeconds(node.AcceptedAt),
            CertificateSerial = (ulong)(certificate?.Serial ?? 0),
            CertificateEnds = DateTimeOffset.FromUnixTimeSeconds(certificate?.ValidBefore ?? node.AcceptedAt),
            Legacy = node.IsLegacy,
            Tags = tags.Count > 0 ? tags : null,
            LastSeen = node.LastSeen is { } last ? DateTimeOffset.FromUnixTimeSeconds(last) : null,
            BootMode = node.BootModeOr(settings.BootMode),
            BootImage = NodeImages.Of(db, node),
            Tunnel = sessions.FirstOrDefault(session => session.NodeId == node.Id),
        };
    }
}
