using WaltVpn.Protocol;

namespace WaltVpn.Hub.Serve;

/// <summary>
/// What nodes reported, until the daemon takes it. Bounded: a node says again what nobody kept, so that what finds no room is only late.
/// </summary>
internal sealed class ReportBook
{
    /// <summary>Of all nodes together.</summary>
    public const int MostWaiting = 512;

    /// <summary>Given at a time. Each came in 64 KiB at most, and takes up to six times as much in JSON that escapes: the daemon reads 8 MiB.</summary>
    public const int MostTaken = 16;

    private readonly Dictionary<string, HeardReport> _waiting = [];
    private readonly Queue<string> _order = [];

    /// <summary>Keeps it; of one node the newest only, and none when there are too many.</summary>
    public void Add(HeardReport report)
    {
        if (_waiting.ContainsKey(report.NodeId)) _waiting[report.NodeId] = report;
        else if (_waiting.Count < MostWaiting && _waiting.TryAdd(report.NodeId, report)) _order.Enqueue(report.NodeId);
    }

    /// <summary>Gives the oldest ones away.</summary>
    public IReadOnlyList<HeardReport> Take()
    {
        var taken = new List<HeardReport>();
        while (taken.Count < MostTaken && _order.TryDequeue(out var nodeId))
        {
            if (_waiting.Remove(nodeId, out var report)) taken.Add(report);
        }

        return taken;
    }
}
