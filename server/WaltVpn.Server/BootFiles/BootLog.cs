namespace WaltVpn.Server.BootFiles;

/// <summary>What the log says about boot files.</summary>
internal static partial class BootLog
{
    [LoggerMessage(70, LogLevel.Information, "audit: boot files of {Board} published by {By}: boot.img {Sha256}, {Size} bytes")]
    public static partial void Published(this ILogger log, string board, string sha256, long size, string by);

    [LoggerMessage(71, LogLevel.Warning, "boot files of {Board}, as published by {By}, are refused: {Reason}")]
    public static partial void Refused(this ILogger log, string board, string by, string reason);

    [LoggerMessage(72, LogLevel.Warning, "superseded boot files could not be cleared away: {Cause}")]
    public static partial void OldOnesStay(this ILogger log, string cause);
}
