using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using WaltVpn.Protocol;
using WaltVpn.Server.Audit;
using WaltVpn.Server.Http;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Expected;

/// <summary>Routes of the boards that are expected (docs/protocol.md "HTTP").</summary>
internal static class ExpectedApi
{
    // Some 20,000 boards.
    private const int MostBytes = 4 << 20;

    public static void MapExpectedBoards(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Protocol.Routes.ExpectedBoards, List);
        routes.MapPost(Protocol.Routes.ExpectedBoards, Import).WithMetadata(new RequestSizeLimitAttribute(MostBytes));
        routes.MapPost(Protocol.Routes.ExpectedBoards + "/{id:long}/remove", Remove);
    }

    private static Ok<ExpectedBoardView[]> List(Database database) => TypedResults.Ok(Views(database));

    private static async Task<Results<Ok<ExpectedBoardView[]>, ProblemHttpResult>> Import(
        IReadOnlyList<ExpectedBoard> boards, HttpContext http, Database database, TimeProvider time)
    {
        var (by, now) = (await Operator.NameOf(http), time.GetUtcNow());
        var faults = database.Decide(db =>
        {
            var found = ExpectedCheck.Faults(db, boards);
            if (found.Count > 0) return found;
            foreach (var board in boards)
            {
                ExpectedTable.Add(db, board, by, now);
                AuditTrail.Add(db, now, by, "board expect", board.Serial ?? board.Mac ?? board.Key!, Detail(board));
            }

            return found;
        });
        return faults.Count == 0 ? TypedResults.Ok(Views(database)) : Problems.BadRequest(string.Join("; ", faults) + ". Nothing was taken over.");
    }

    private static async Task<Results<Ok<ExpectedBoardView[]>, ProblemHttpResult>> Remove(long id, HttpContext http, Database database, TimeProvider time)
    {
        var (by, now) = (await Operator.NameOf(http), time.GetUtcNow());
        var removed = database.Decide(db =>
        {
            if (ExpectedTable.Remove(db, id) == 0) return false;
            AuditTrail.Add(db, now, by, "board unexpect", id.ToString(CultureInfo.InvariantCulture));
            return true;
        });
        return removed ? TypedResults.Ok(Views(database)) : Problems.NotFound("No board of this number is expected. List them with: waltvpn node expected list");
    }

    private static ExpectedBoardView[] Views(Database database) => database.Read(ExpectedTable.Waiting).Select(row => row.View).ToArray();

    private static string Detail(ExpectedBoard board) => string.Join(", ", (string[])
        [.. board.Name is { } name ? (string[])[$"name {name}"] : [], .. board.Tags.Count > 0 ? (string[])[$"tags {string.Join(' ', board.Tags)}"] : []]);
}
