namespace WaltVpn.Agent.Tests;

/// <summary>The node's log, kept for a test to look at. The kernel's is not to be had outside PID 1.</summary>
internal sealed class RecordingLog : INodeLog
{
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lock) return [.. _lines];
        }
    }

    public void Info(BootStage stage, string text) => Add("info", stage, text);

    public void Warning(BootStage stage, string text) => Add("warning", stage, text);

    private void Add(string level, BootStage stage, string text)
    {
        lock (_lock) _lines.Add($"{level} {stage}: {text}");
    }
}
