namespace WaltVpn.Server.Life;

/// <summary>What the log says about nodes' lives.</summary>
internal static partial class NodeLifeLog
{
    [LoggerMessage(100, LogLevel.Error, "node reports: not kept ({Cause}); the nodes say them again")]
    public static partial void ReportsNotKept(this ILogger log, string cause);

    [LoggerMessage(102, LogLevel.Warning,
        "boot images: {Name} ({NodeId}) started at {Started:u} with {Image}, though {Newest} had been published at {Published:u}; see: waltvpn doctor {Name}")]
    public static partial void StaysBehind(
        this ILogger log, string name, string nodeId, DateTimeOffset started, string image, string newest, DateTimeOffset published);

    [LoggerMessage(101, LogLevel.Information, "audit: {Name} ({NodeId}) was told to {Order} by {By}")]
    public static partial void Told(this ILogger log, string name, string nodeId, string order, string by);
}
