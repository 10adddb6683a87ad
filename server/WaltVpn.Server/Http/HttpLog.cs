namespace WaltVpn.Server.Http;

/// <summary>What the log says about connections.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(20, LogLevel.Warning, "socket {Socket}: user {UserId} may not speak here")]
    public static partial void StrangerRefused(this ILogger log, uint userId, string socket);

    [LoggerMessage(21, LogLevel.Error, "{Path}: the records cannot be read or written: {Cause}")]
    public static partial void RecordsFailed(this ILogger log, string path, string cause);
}
