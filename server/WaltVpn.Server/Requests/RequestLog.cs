namespace WaltVpn.Server.Requests;

/// <summary>What the log says about decisions.</summary>
internal static partial class RequestLog
{
    [LoggerMessage(50, LogLevel.Information, "audit: request {Request} of key {Fingerprint} denied by {By}")]
    public static partial void Denied(this ILogger log, long request, string fingerprint, string by);

    [LoggerMessage(51, LogLevel.Information, "enrolment: request {Request} expired; nobody decided within 24 h")]
    public static partial void Expired(this ILogger log, long request);
}
