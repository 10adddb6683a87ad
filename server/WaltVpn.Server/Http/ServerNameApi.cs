using System.Text;
using WaltVpn.Protocol;
using WaltVpn.Server.Following;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Http;

/// <summary>The server's name, for everybody (docs/protocol.md "HTTP").</summary>
internal static class ServerNameApi
{
    public static void MapServerName(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Protocol.Routes.ServerName, (ServerSettings settings) => TypedResults.Text(settings.ServerName + "\n", "text/plain", Encoding.ASCII));

    /// <summary>The same and more, for operators.</summary>
    public static void MapPlatform(this IEndpointRouteBuilder routes) => routes.MapGet(Protocol.Routes.Platform, (ServerSettings settings) => TypedResults.Ok(
        new PlatformView
        {
            ServerName = settings.ServerName,
            HttpPort = settings.Http.Port,
            HttpEntrypoint = settings.HttpEntrypoint,
            CaPublicKey = CaPublicKey(settings),
        }));

    private static string? CaPublicKey(ServerSettings settings)
    {
        try
        {
            return ServerHostKey.Load(settings.CaPublicKeyFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            // 'waltvpn doctor' says why.
            return null;
        }
    }
}
