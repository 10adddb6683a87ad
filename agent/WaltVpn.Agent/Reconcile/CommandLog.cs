namespace WaltVpn.Agent.Reconcile;

/// <summary>The log of a command: its two streams.</summary>
internal sealed class CommandLog(TextWriter output, TextWriter error) : INodeLog
{
    /// <inheritdoc/>
    public void Info(BootStage stage, string text) => output.WriteLine(text);

    /// <inheritdoc/>
    public void Warning(BootStage stage, string text) => error.WriteLine(text);
}
