using WaltVpn.Protocol;
using WaltVpn.Server.Audit;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Life;

/// <summary>What an operator has a node do, through its tunnel. In the audit trail stands what was said to the node, and by whom.</summary>
internal sealed class NodeOrders(Database database, HubControl hub, TimeProvider time, ILogger<NodeOrders> log)
{
    /// <summary>Tells it.</summary>
    /// <param name="id">The node.</param>
    /// <param name="word">The order.</param>
    /// <param name="detail">For the audit trail; may be empty.</param>
    /// <param name="by">Who wants it.</param>
    /// <param name="cancel">Ends the attempt.</param>
    public async Task<NodeOutcome> Tell(string id, TunnelControl word, string detail, string by, CancellationToken cancel)
    {
        if (database.Read(db => NodeTable.Find(db, id)) is not { } node) return new NodeOutcome.NoSuchNode();
        // The line first: an order that nobody answers for is not given.
        database.Decide(db =>
        {
            AuditTrail.Add(db, time.GetUtcNow(), by, $"node {word.Kind}", id, detail.Length == 0 ? node.DisplayName : $"{node.DisplayName}, {detail}");
            return true;
        });
        try
        {
            await hub.Tell(id, word, cancel);
        }
        catch (HubException failure)
        {
            database.Decide(db =>
            {
                AuditTrail.Add(db, time.GetUtcNow(), "waltvpnd", $"node {word.Kind}", id, $"{node.DisplayName}, not told: {failure.Message}");
                return true;
            });
            return new NodeOutcome.Refused($"{node.DisplayName} could not be told ({failure.Message}). See: waltvpn doctor {node.DisplayName}");
        }

        log.Told(node.DisplayName, id, word.Kind, by);
        return new NodeOutcome.Done(node, []);
    }
}
