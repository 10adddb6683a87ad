using System.Net;

namespace WaltVpn.Server.Enrollment;

/// <summary>What the log says about enrolment. Claims of a node stand here only after the grammar.</summary>
internal static partial class EnrollmentLog
{
    [LoggerMessage(1, LogLevel.Information, "enrolment: request {Request} of key {Fingerprint} from {Source} waits for an operator; {Note}")]
    public static partial void Asked(this ILogger log, long request, string fingerprint, IPAddress source, string note);

    [LoggerMessage(2, LogLevel.Information, "audit: {Name} ({NodeId}, key {Fingerprint}) accepted by {By}")]
    public static partial void Accepted(this ILogger log, string name, string nodeId, string fingerprint, string by);

    [LoggerMessage(3, LogLevel.Information, "enrolment: key {Fingerprint} from {Source} refused: {Reason}")]
    public static partial void Refused(this ILogger log, string fingerprint, IPAddress source, string reason);

    [LoggerMessage(4, LogLevel.Critical, "ALARM: {Alarm} (key {Fingerprint}, from {Source})")]
    public static partial void Alarm(this ILogger log, string alarm, string fingerprint, IPAddress source);

    [LoggerMessage(5, LogLevel.Error, "certificate: none for {Name}: {Cause}")]
    public static partial void NoCertificate(this ILogger log, string name, string cause);

    [LoggerMessage(110, LogLevel.Error, "certificate: the next one of node {NodeId} could not be made: {Cause}; it keeps the one it has, and asks again")]
    public static partial void NotRenewed(this ILogger log, string nodeId, string cause);

    [LoggerMessage(6, LogLevel.Information, "certificate: {KeyId} for {Name}, serial {Serial}")]
    public static partial void CertificateReleased(this ILogger log, string name, string keyId, ulong serial);

    [LoggerMessage(7, LogLevel.Error, "database: {Cause}; no decision is taken until it works again")]
    public static partial void CannotDecide(this ILogger log, string cause);

    [LoggerMessage(8, LogLevel.Information, "enrolment: conversation ended: {Cause}")]
    public static partial void ConversationEnded(this ILogger log, string cause);

    [LoggerMessage(9, LogLevel.Warning, "enrolment: malformed or unproved request from {Source}: {Cause}")]
    public static partial void Malformed(this ILogger log, IPAddress source, string cause);
}
