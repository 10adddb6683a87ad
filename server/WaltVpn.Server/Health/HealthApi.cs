using Microsoft.AspNetCore.Http.HttpResults;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Health;

/// <summary>Route of the daemon's look at itself (docs/protocol.md "HTTP").</summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder routes) => routes.MapGet(Protocol.Routes.Health, Show);

    private static async Task<Ok<HealthCheck[]>> Show(ServerHealth health, CancellationToken cancel) => TypedResults.Ok((await health.Look(cancel)).ToArray());
}
