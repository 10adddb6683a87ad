using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using WaltVpn.Protocol;
using WaltVpn.Server.Audit;
using WaltVpn.Server.Http;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Tokens;

/// <summary>Routes of the enrolment tokens (docs/protocol.md "HTTP").</summary>
internal static class TokensApi
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMinutes(1);

    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(Protocol.Routes.Tokens, List);
        routes.MapPost(Protocol.Routes.Tokens, Create);
        routes.MapPost(Protocol.Routes.Tokens + "/{id:long}/revoke", Revoke);
    }

    private static Ok<TokenView[]> List(Database database, TimeProvider time) =>
        TypedResults.Ok(database.Read(TokenTable.All).Select(token => token.View(time.GetUtcNow())).ToArray());

    private static async Task<Results<Ok<NewToken>, ProblemHttpResult>> Create(
        TokenOrder order, HttpContext http, Database database, ServerSettings settings, TimeProvider time)
    {
        if (Refuse(order) is { } refusal) return Problems.BadRequest(refusal);
        var (by, now) = (await Operator.NameOf(http), time.GetUtcNow());
        var (text, row) = database.Decide(db =>
        {
            var made = TokenTable.Add(db, order, by, now);
            AuditTrail.Add(db, now, by, "token create", NumberOf(made.Row), $"{made.Row.Uses} uses, until {made.Row.View(now).ExpiresAt:u}{TagOf(made.Row)}");
            return made;
        });
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new NewToken { Token = text, View = row.View(now), IsAsked = settings.RemotePolicy == EnrollmentPolicy.Token });
    }

    private static async Task<Results<Ok<TokenView>, ProblemHttpResult>> Revoke(long id, HttpContext http, Database database, TimeProvider time)
    {
        var (by, now) = (await Operator.NameOf(http), time.GetUtcNow());
        var row = database.Decide(db =>
        {
            if (TokenTable.Revoke(db, id, by, now) > 0) AuditTrail.Add(db, now, by, "token revoke", id.ToString(CultureInfo.InvariantCulture));
            return TokenTable.Find(db, id);
        });
        return row is null ? Problems.NotFound("There is no token of this number. List them with: waltvpn token list") : TypedResults.Ok(row.View(now));
    }

    private static string? Refuse(TokenOrder order) =>
        order.Uses is < 1 or > EnrollmentToken.MaxUses ? $"A token is for 1 to {EnrollmentToken.MaxUses} boards."
        : order.LifeSeconds < s_shortest.TotalSeconds || order.LifeSeconds > EnrollmentToken.MaxLife.TotalSeconds
            ? $"A token lives {s_shortest.TotalMinutes:0} minute to {EnrollmentToken.MaxLife.TotalDays:0} days."
        : order.Tag is { } tag && !EnrollmentToken.IsTag(tag) ? $"{EnrollmentToken.TagRule}."
        : null;

    private static string NumberOf(TokenRow row) => row.Id.ToString(CultureInfo.InvariantCulture);

    private static string TagOf(TokenRow row) => row.Tag is null ? "" : $", tag {row.Tag}";
}
