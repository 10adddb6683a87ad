namespace WaltVpn.Hub;

/// <summary>Exit statuses of <c>waltvpn-hub</c>.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>Refused, or it failed; standard error says why.</summary>
    public const int Failure = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 2;
}
