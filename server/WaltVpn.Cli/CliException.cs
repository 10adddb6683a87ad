namespace WaltVpn.Cli;

/// <summary>The command ends here: what failed, why, and what to type.</summary>
internal sealed class CliException(ExitCode exitCode, string message) : Exception(message)
{
    /// <summary>The exit status.</summary>
    public ExitCode ExitCode { get; } = exitCode;
}
