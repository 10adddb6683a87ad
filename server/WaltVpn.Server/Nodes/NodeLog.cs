namespace WaltVpn.Server.Nodes;

/// <summary>What the log says about nodes.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(40, LogLevel.Information, "audit: {Name} ({NodeId}) revoked by {By}")]
    public static partial void Revoked(this ILogger log, string name, string nodeId, string by);

    [LoggerMessage(41, LogLevel.Error, "revocation list: {Cause}; the old list stays, every login is still checked against the database")]
    public static partial void ListNotPublished(this ILogger log, string cause);

    [LoggerMessage(42, LogLevel.Error, "node {NodeId}: its tunnel could not be cut: {Cause}")]
    public static partial void NotDisconnected(this ILogger log, string nodeId, string cause);

    [LoggerMessage(43, LogLevel.Warning, "revocation list: not as it was published; it is written again")]
    public static partial void ListRepaired(this ILogger log);

    [LoggerMessage(44, LogLevel.Warning, "node {NodeId} has a tunnel to which it or its certificate has no right any more; it is cut")]
    public static partial void TunnelWithoutRight(this ILogger log, string nodeId);

    [LoggerMessage(45, LogLevel.Information, "audit: {Name} ({NodeId}) forgotten by {By}")]
    public static partial void Forgotten(this ILogger log, string name, string nodeId, string by);

    [LoggerMessage(46, LogLevel.Information, "audit: {Name} ({NodeId}) disabled by {By}")]
    public static partial void Disabled(this ILogger log, string name, string nodeId, string by);

    [LoggerMessage(47, LogLevel.Information, "audit: {Name} ({NodeId}) enabled by {By}")]
    public static partial void Enabled(this ILogger log, string name, string nodeId, string by);

    [LoggerMessage(48, LogLevel.Information, "audit: {Name} is now {NewName} ({NodeId}), renamed by {By}")]
    public static partial void Renamed(this ILogger log, string name, string newName, string nodeId, string by);
}
