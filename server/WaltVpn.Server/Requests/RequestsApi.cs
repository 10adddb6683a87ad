using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.HttpResults;
using WaltVpn.Protocol;
using WaltVpn.Server.Http;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Requests;

/// <summary>Routes of the enrolment requests (docs/protocol.md "HTTP").</summary>
internal static class RequestsApi
{
    /// <summary>Longest reason of a refusal, characters.</summary>
    private const int MaxReasonLength = 200;

    public static void MapRequests(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Protocol.Routes.Requests, List);
        routes.MapGet(Protocol.Routes.Requests + "/{id:long}", Show);
        routes.MapPost(Protocol.Routes.Requests + "/{id:long}/accept", Accept);
        routes.MapPost(Protocol.Routes.Requests + "/{id:long}/deny", Deny);
        routes.MapGet(Protocol.Routes.RequestEvents, Events);
    }

    private static Ok<RequestView[]> List(Database database) =>
        TypedResults.Ok(database.Read(db => RequestTable.All(db).Select(request => RequestTable.View(db, request)).ToArray()));

    private static Results<Ok<RequestView>, ProblemHttpResult> Show(long id, Database database) =>
        database.Read(db => RequestTable.Find(db, id) is { } request ? RequestTable.View(db, request) : null) is { } view
            ? TypedResults.Ok(view)
            : NoSuchRequest();

    private static async Task<Results<Ok<RequestView>, ProblemHttpResult>> Accept(
        long id, RequestDecision? decision, HttpContext http, RequestDecisions decisions) =>
        Answer(await decisions.Accept(id, decision?.ReplaceKey ?? false, await Operator.NameOf(http)));

    private static async Task<Results<Ok<RequestView>, ProblemHttpResult>> Deny(
        long id, RequestDecision? decision, HttpContext http, RequestDecisions decisions)
    {
        if (decision?.Reason is { } reason && (reason.Length > MaxReasonLength || !reason.All(c => c is >= ' ' and <= '~')))
            return Problems.BadRequest($"The reason must be at most {MaxReasonLength} printable ASCII characters: it is shown on the node's console.");
        return Answer(decisions.Deny(id, decision?.Reason, await Operator.NameOf(http)));
    }

    private static ServerSentEventsResult<RequestView> Events(HttpContext http, Database database, RequestEvents events) =>
        TypedResults.ServerSentEvents(Stream(http.Response, database, events, http.RequestAborted), "request");

    private static async IAsyncEnumerable<RequestView> Stream(
        HttpResponse response, Database database, RequestEvents events, [EnumeratorCancellation] CancellationToken cancel)
    {
        // The header now, not with the first event: a monitor must see that it is connected while nobody asks.
        await response.Body.FlushAsync(cancel);
        // Before the list: a change in between comes twice rather than never.
        using var subscription = events.Subscribe();
        var pending = database.Read(db =>
            RequestTable.All(db).Where(request => request.Status == RequestState.Pending).Select(request => RequestTable.View(db, request)).ToList());
        foreach (var waiting in pending) yield return waiting;
        await foreach (var change in subscription.Changes(cancel)) yield return change;
    }

    private static Results<Ok<RequestView>, ProblemHttpResult> Answer(DecisionOutcome outcome) => outcome switch
    {
        DecisionOutcome.Done done => TypedResults.Ok(done.Request),
        DecisionOutcome.DoneInPart part => Problems.Trouble(part.Detail),
        DecisionOutcome.NoSuchRequest => NoSuchRequest(),
        DecisionOutcome.Refused refused => Problems.Conflict(refused.Detail),
        _ => throw new InvalidOperationException($"internal error: {outcome}"),
    };

    private static ProblemHttpResult NoSuchRequest() =>
        Problems.NotFound("There is no request with this number; one that nobody decides is forgotten after 24 h. List them with: waltvpn request list");
}
