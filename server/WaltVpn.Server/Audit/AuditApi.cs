using Microsoft.AspNetCore.Http.HttpResults;
using WaltVpn.Protocol;
using WaltVpn.Server.Http;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Audit;

/// <summary>Route of the audit trail (docs/protocol.md "HTTP").</summary>
internal static class AuditApi
{
    private const int MostLines = 10_000;

    public static void MapAudit(this IEndpointRouteBuilder routes) => routes.MapGet(Protocol.Routes.Audit, List);

    /// <summary>With <paramref name="after"/>: lines from there on; else the newest ones.</summary>
    private static Results<Ok<AuditEntry[]>, ProblemHttpResult> List(Database database, long? after = null, string? subject = null, int most = 1000)
    {
        if (most is < 1 or > MostLines) return Problems.BadRequest($"'most' is 1 to {MostLines} lines.");
        return TypedResults.Ok(database.Read(db => after is { } number ? AuditTrail.Read(db, number, most) : AuditTrail.Newest(db, subject, most)));
    }
}
