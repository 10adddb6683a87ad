using WaltVpn.Cli.Life;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Doctor;

/// <summary>What a node told of its boots itself: where it stands, or stood when it was heard last.</summary>
internal static class BootCheck
{
    /// <param name="node">As the server sees it.</param>
    /// <param name="boots">The newest first; none: nothing is said.</param>
    public static IEnumerable<HealthCheck> Of(NodeView node, IReadOnlyList<NodeBootView> boots)
    {
        if (boots is not [{ Stages: [.., var last] } newest, ..]) yield break;
        var why = last.Why is { } reason ? $"; it said: {reason}" : "";
        var finding = last.Outcome switch
        {
            StageOutcome.Done => $"the last one came through all stages, the last of them {last.Stage} at {NodeLifeCommands.Time(last.At)}",
            StageOutcome.UnderWay => $"in stage {last.Stage} since {NodeLifeCommands.Time(last.At)} after its kernel's start{why}",
            StageOutcome.Failed => $"the last one ended in stage {last.Stage} at {NodeLifeCommands.Time(last.At)}{why}",
        };
        // A boot that ends beside a living tunnel is one of before: the node has told of it afterwards.
        yield return last.Outcome == StageOutcome.Failed && node.Tunnel is null
            ? new HealthCheck("boot", false, finding, $"what it said then: waltvpn node log {node.Name}")
            : new HealthCheck("boot", true, finding);
        if (boots.Where(boot => boot.Started is null).Take(3).ToList() is { Count: > 0 } lost && newest.Started is not null)
        {
            var where = string.Join(", ", lost.Select(boot => boot.Stages is [.., var at] ? at.Stage : "its start"));
            yield return new HealthCheck(
                "lost boots", true, $"{lost.Count} never reached the server, they ended in: {where}. See: waltvpn node timeline {node.Name} --boot -1");
        }
    }
}
