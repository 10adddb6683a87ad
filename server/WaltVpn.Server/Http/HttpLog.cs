namespace WaltVpn.Server.Http;

/// <summary>What the log says about connections.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(20, LogLevel.Warning, "socket {Socket}: user {UserId} may not speak here")]
    public static partial void StrangerRefused(this ILogger log, uint userId, string socket);

    [LoggerMessage(22, LogLevel.Warning, "http: {Address} is refused for now: {Limit}. Is it one of your HTTP entrypoints? Then name it: http.trustedProxies. {Before} more like it since the last such line")]
    public static partial void TooMuch(this ILogger log, System.Net.IPAddress address, string limit, long before);

    [LoggerMessage(21, LogLevel.Error, "{Path}: the records cannot be read or written: {Cause}")]
    public static partial void RecordsFailed(this ILogger log, string path, string cause);
}
