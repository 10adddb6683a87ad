using System.Text;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Http;

/// <summary>The server's name, for everybody (docs/protocol.md "HTTP").</summary>
internal static class ServerNameApi
{
    public static void MapServerName(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Protocol.Routes.ServerName, (ServerSettings settings) => TypedResults.Text(settings.ServerName + "\n", "text/plain", Encoding.ASCII));

    /// <summary>The same and more, for operators.</summary>
    public static void MapPlatform(this IEndpointRouteBuilder routes) => routes.MapGet(Protocol.Routes.Platform, (ServerSettings settings) => TypedResults.Ok(
        new PlatformView { ServerName = settings.ServerName, HttpPort = settings.Http.Port, HttpEntrypoint = settings.HttpEntrypoint }));
}
