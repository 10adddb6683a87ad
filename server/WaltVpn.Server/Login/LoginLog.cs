namespace WaltVpn.Server.Login;

/// <summary>What the log says about logins.</summary>
internal static partial class LoginLog
{
    [LoggerMessage(30, LogLevel.Debug, "login: sshd asks about {Name} with certificate {Serial}: it may, if it proves its key")]
    public static partial void LoginAdmitted(this ILogger log, string name, ulong serial);

    [LoggerMessage(31, LogLevel.Warning, "login: certificate {Serial} refused: {Cause}")]
    public static partial void LoginRefused(this ILogger log, ulong serial, string cause);

    [LoggerMessage(32, LogLevel.Error, "login: certificate {Serial} refused, because the question could not be answered: {Cause}")]
    public static partial void LoginFailed(this ILogger log, ulong serial, string cause);

    [LoggerMessage(34, LogLevel.Warning, "login: that a node was seen could not be written down: {Cause}")]
    public static partial void NotRecorded(this ILogger log, string cause);

    [LoggerMessage(33, LogLevel.Information, "login: a question ended without an answer: {Cause}")]
    public static partial void QuestionEnded(this ILogger log, string cause);
}
