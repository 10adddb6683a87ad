namespace WaltVpn.Server.Following;

/// <summary>What the log says about settings documents.</summary>
internal static partial class FollowingLog
{
    [LoggerMessage(90, LogLevel.Debug, "settings: {Name} has fetched number {Counter}")]
    public static partial void SettingsTold(this ILogger log, string name, long counter);

    [LoggerMessage(92, LogLevel.Information, "settings: no daemon had the database for a while, it may be an old copy: nodes get new numbers")]
    public static partial void SettingsNumbersAnew(this ILogger log);

    [LoggerMessage(93, LogLevel.Information, "settings: node {NodeId} is told through its tunnel that they changed")]
    public static partial void Announced(this ILogger log, string nodeId);

    [LoggerMessage(91, LogLevel.Error, "settings: node {NodeId} asked for them, and they could not be told: {Cause}")]
    public static partial void SettingsFailed(this ILogger log, string nodeId, string cause);
}
