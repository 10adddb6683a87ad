using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Data.Sqlite;
using WaltVpn.Server.Lan;

namespace WaltVpn.Server.Http;

/// <summary>Keeps each route on its faces. A route asked on another face is the same 404 as one that does not exist.</summary>
internal static class Faces
{
    /// <summary>Marks the routes of a group as those of one face, or of several.</summary>
    public static RouteGroupBuilder MapFace(this IEndpointRouteBuilder routes, params Face[] faces) =>
        routes.MapGroup("").WithMetadata(new RouteFaces(faces));

    /// <summary>Stands between routing and the routes.</summary>
    public static void UseFaces(this IApplicationBuilder app) => app.Use(async (http, next) =>
    {
        var face = http.Features.GetRequiredFeature<FaceOfConnection>().Face;
        if (http.GetEndpoint()?.Metadata.GetMetadata<RouteFaces>()?.Faces.Contains(face) is true) await Answer(http, face, next);
        else http.Response.StatusCode = StatusCodes.Status404NotFound;
        var isUnknown = http.Response is { StatusCode: StatusCodes.Status404NotFound, HasStarted: false };
        if (face == Face.Lan && isUnknown) await LanErrors.NotFound().ExecuteAsync(http);
    });

    private static async Task Answer(HttpContext http, Face face, RequestDelegate next)
    {
        var socket = http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        if (face == Face.Administration && !http.RequestServices.GetRequiredService<PeerGate>().AdmitsOperator(socket))
        {
            await Problems.Forbidden("Only root and the operators' group may speak here. Join it: adduser USER waltvpn").ExecuteAsync(http);
            return;
        }

        try
        {
            await next(http);
        }
        catch (Exception e) when (IsOfTheRecords(e) && face != Face.Public && !http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            http.RequestServices.GetRequiredService<ILogger<PeerGate>>().RecordsFailed(http.Request.Path, e.Message);
            IResult trouble = face == Face.Administration
                ? Problems.Trouble($"The server cannot read or write its records now: {e.Message}. Nothing was decided. See: journalctl -u waltvpnd")
                : LanErrors.Trouble("the server cannot read or write its records now; try again later");
            await trouble.ExecuteAsync(http);
        }
    }

    private static bool IsOfTheRecords(Exception e) => e is SqliteException or UnauthorizedAccessException or (IOException and not BadHttpRequestException);

    private sealed record RouteFaces(IReadOnlyList<Face> Faces);
}
