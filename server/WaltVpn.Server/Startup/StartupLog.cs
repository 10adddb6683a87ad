namespace WaltVpn.Server.Startup;

/// <summary>What the log says about the daemon itself.</summary>
internal static partial class StartupLog
{
    [LoggerMessage(60, LogLevel.Information, "waltvpnd {Version} of platform {Platform} is ready: http {Http}, sockets in {Directory}")]
    public static partial void Ready(this ILogger log, string version, string platform, string http, string directory);

    [LoggerMessage(61, LogLevel.Warning, "not well: {Fault}")]
    public static partial void Unwell(this ILogger log, string fault);

    [LoggerMessage(62, LogLevel.Information, "well again")]
    public static partial void Well(this ILogger log);
}
