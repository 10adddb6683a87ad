namespace WaltVpn.Server.Life;

/// <summary>What the log says about nodes' lives.</summary>
internal static partial class NodeLifeLog
{
    [LoggerMessage(100, LogLevel.Error, "node reports: not kept ({Cause}); the nodes say them again")]
    public static partial void ReportsNotKept(this ILogger log, string cause);

    [LoggerMessage(101, LogLevel.Information, "audit: {Name} ({NodeId}) was told to {Order} by {By}")]
    public static partial void Told(this ILogger log, string name, string nodeId, string order, string by);
}
