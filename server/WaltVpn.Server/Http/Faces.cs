using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Data.Sqlite;

namespace WaltVpn.Server.Http;

/// <summary>Keeps each route on its face. A route asked on another face is the same 404 as one that does not exist.</summary>
internal static class Faces
{
    /// <summary>Marks the routes of a group as one face's.</summary>
    public static RouteGroupBuilder MapFace(this IEndpointRouteBuilder routes, Face face) => routes.MapGroup("").WithMetadata(new RouteFace(face));

    /// <summary>Stands between routing and the routes.</summary>
    public static void UseFaces(this IApplicationBuilder app) => app.Use(async (http, next) =>
    {
        var socket = http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        var face = socket.LocalEndPoint is UnixDomainSocketEndPoint ? Face.Administration : Face.Public;
        if (http.GetEndpoint()?.Metadata.GetMetadata<RouteFace>()?.Face != face)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        if (face == Face.Administration && !http.RequestServices.GetRequiredService<PeerGate>().AdmitsOperator(socket))
        {
            await Problems.Forbidden("Only root and the operators' group may speak here. Join it: adduser USER waltvpn").ExecuteAsync(http);
            return;
        }

        try
        {
            await next(http);
        }
        catch (Exception e) when (IsOfTheRecords(e) && face == Face.Administration && !http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            http.RequestServices.GetRequiredService<ILogger<PeerGate>>().RecordsFailed(http.Request.Path, e.Message);
            var problem = Problems.Trouble($"The server cannot read or write its records now: {e.Message}. Nothing was decided. See: journalctl -u waltvpnd");
            await problem.ExecuteAsync(http);
        }
    });

    private static bool IsOfTheRecords(Exception e) => e is SqliteException or UnauthorizedAccessException or (IOException and not BadHttpRequestException);

    private sealed record RouteFace(Face Face);
}
