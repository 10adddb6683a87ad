namespace WaltVpn.Cli;

/// <summary>Exit status of waltvpn; scripts rely on the numbers, <c>waltvpn --help</c> lists them.</summary>
internal enum ExitCode
{
    Ok = 0,
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    Refused = 4,
    ServerNotReachable = 5,

    /// <summary>What was asked is done, but something that follows from it is not yet; the message says what.</summary>
    DoneInPart = 10,

    /// <summary>128 + SIGINT, as shells expect it.</summary>
    Interrupted = 130,
}
