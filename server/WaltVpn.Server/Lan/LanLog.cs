using System.Net;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Lan;

/// <summary>What the log says about the LAN face.</summary>
internal static partial class LanLog
{
    [LoggerMessage(80, LogLevel.Warning, "lan: a request from {Source} is not answered: {Reason}")]
    public static partial void NotAdmitted(this ILogger log, IPAddress? source, string reason);

    [LoggerMessage(81, LogLevel.Information, "lan: {Source} ({Mac}) enrolled as {Node}")]
    public static partial void Enrolled(this ILogger log, IPAddress source, MacAddress mac, string node);

    [LoggerMessage(82, LogLevel.Warning, "lan: enrolment of {Source} ({Mac}) refused: {Reason}")]
    public static partial void EnrolmentRefused(this ILogger log, IPAddress source, MacAddress mac, string reason);

    [LoggerMessage(83, LogLevel.Error, "lan: {Cause}")]
    public static partial void SettingUnusable(this ILogger log, string cause);

    [LoggerMessage(84, LogLevel.Information, "WalT's HTTP protocol is spoken on {Address}")]
    public static partial void Listening(this ILogger log, IPEndPoint address);
}
