namespace WaltVpn.Linux;

/// <summary>How a process ended.</summary>
/// <param name="Code">Exit status 0..255; 0 when it was ended by a signal.</param>
/// <param name="Signal">Number of the signal that ended it; 0 when it exited.</param>
public readonly record struct ExitStatus(int Code, int Signal)
{
    /// <summary>It exited with status 0.</summary>
    public bool Success => Code == 0 && Signal == 0;

    /// <summary>For messages: <c>exit status 1</c> or <c>signal 9</c>.</summary>
    public override string ToString() => Signal == 0 ? $"exit status {Code}" : $"signal {Signal}";
}
