namespace WaltVpn.Server.Processes;

/// <summary>How a program ended.</summary>
/// <param name="ExitStatus">0 is success.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error, trimmed.</param>
internal sealed record ChildResult(int ExitStatus, string Output, string Error)
{
    /// <summary>The output of a program that must succeed.</summary>
    /// <param name="what">What was attempted, on which object, for the message.</param>
    /// <exception cref="ChildProcessException">It failed.</exception>
    public string OrThrow(string what) =>
        ExitStatus == 0 ? Output : throw new ChildProcessException($"{what}: exit status {ExitStatus}: {(Error.Length > 0 ? Error : "no message")}");
}
