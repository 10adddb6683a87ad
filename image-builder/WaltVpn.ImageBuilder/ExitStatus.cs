namespace WaltVpn.ImageBuilder;

/// <summary>What the program returns; <c>waltvpn-image --help</c> lists them.</summary>
internal static class ExitStatus
{
    public const int Done = 0;
    public const int Failed = 1;

    /// <summary>The command line is not right; nothing was done.</summary>
    public const int Usage = 2;

    /// <summary>A recorded package version is no longer in the archive.</summary>
    public const int VersionGone = 3;

    /// <summary>Stopped by Ctrl-C: 128 + SIGINT, as shells report it.</summary>
    public const int Interrupted = 130;
}
