namespace WaltVpn.Server.Following;

/// <summary>What the log says about settings documents.</summary>
internal static partial class FollowingLog
{
    [LoggerMessage(90, LogLevel.Debug, "settings: {Name} has fetched number {Counter}")]
    public static partial void SettingsTold(this ILogger log, string name, long counter);

    [LoggerMessage(91, LogLevel.Error, "settings: node {NodeId} asked for them, and they could not be told: {Cause}")]
    public static partial void SettingsFailed(this ILogger log, string nodeId, string cause);
}
