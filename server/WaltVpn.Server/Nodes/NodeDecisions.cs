using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Audit;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Requests;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Nodes;

/// <summary>The operator's word on a node: one transaction each, then what follows from it. Saying it twice is the same as once.</summary>
/// <remarks><code>
///   accepted ⇄ disabled        comes back with the same key, name and MAC address
///      └──┴──▶ revoked         the key is void for ever
///      └──┴─────┴──▶ forgotten off the lists; its key, unless it was revoked, may ask again and is then the same node
/// </code></remarks>
internal sealed class NodeDecisions(Database database, NodeCut cut, TimeProvider time, ILogger<NodeDecisions> log)
{
    /// <summary>Voids the node's keys and certificates for ever; a forgotten one's too.</summary>
    public Task<NodeOutcome> Revoke(string id, string by) => Decide(id, ("revoke", "revoked"), by, (db, node) =>
    {
        if (NodeTable.Revoke(db, id, by, time.GetUtcNow()) == 0) return null;
        NodeTable.RevokeKeys(db, id, time.GetUtcNow());
        CertificateJournal.RevokeAll(db, id, time.GetUtcNow());
        return () => log.Revoked(node.DisplayName, id, by);
    });

    /// <summary>Takes the node off the lists and voids its certificates.</summary>
    public Task<NodeOutcome> Forget(string id, string by) => Decide(id, ("forget", "forgotten"), by, (db, node) =>
    {
        if (NodeTable.Forget(db, id, by, time.GetUtcNow()) == 0) return null;
        CertificateJournal.RevokeAll(db, id, time.GetUtcNow());
        RequestTable.ForgetNode(db, id);
        return () => log.Forgotten(node.Name, id, by);
    });

    /// <summary>Keeps an accepted node out until <see cref="Enable"/>.</summary>
    public Task<NodeOutcome> Disable(string id, string by) => Decide(id, ("disable", "disabled"), by, (db, node) =>
        NodeTable.Disable(db, id, by, time.GetUtcNow()) == 0 ? null : () => log.Disabled(node.Name, id, by));

    /// <summary>Lets a disabled node in again.</summary>
    public Task<NodeOutcome> Enable(string id, string by) => Decide(id, ("enable", "accepted"), by, (db, node) =>
        NodeTable.Enable(db, id) == 0 ? null : () => log.Enabled(node.Name, id, by));

    /// <summary>Gives a node another name.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="name">Within <see cref="NodeName.IsValid"/>.</param>
    /// <param name="by">Who decides.</param>
    public NodeOutcome Rename(string id, string name, string by)
    {
        var before = "";
        var outcome = database.Decide<NodeOutcome>(db =>
        {
            if (NodeTable.Find(db, id) is not { } node) return new NodeOutcome.NoSuchNode();
            if (node.State == "forgotten") return new NodeOutcome.Refused($"{node.DisplayName} is forgotten. A node that comes back can be renamed.");
            if (NodeTable.OfName(db, name) is { } other && other.Id != id) return new NodeOutcome.Refused($"Another node has the name {name}.");
            before = node.Name;
            NodeTable.Rename(db, id, name);
            if (before != name) AuditTrail.Add(db, time.GetUtcNow(), by, "node rename", id, $"{before} -> {name}");
            return new NodeOutcome.Done(NodeTable.Find(db, id)!, []);
        });
        if (outcome is NodeOutcome.Done && before != name) log.Renamed(before, name, id, by);
        return outcome;
    }

    /// <summary>Puts tags on a node and takes others off.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="tags">Within <see cref="EnrollmentToken.IsTag"/>.</param>
    /// <param name="by">Who decides.</param>
    public NodeOutcome Tag(string id, NodeTags tags, string by) => database.Decide<NodeOutcome>(db =>
    {
        if (NodeTable.Find(db, id) is not { } node) return new NodeOutcome.NoSuchNode();
        var changes = tags.Add.Distinct().Where(tag => TagTable.Add(db, id, tag) > 0).Select(tag => $"+{tag}")
            .Concat(tags.Remove.Distinct().Where(tag => TagTable.Remove(db, id, tag) > 0).Select(tag => $"-{tag}")).ToList();
        if (changes.Count > 0) AuditTrail.Add(db, time.GetUtcNow(), by, "node tag", id, $"{node.DisplayName}: {string.Join(' ', changes)}");
        return new NodeOutcome.Done(node, []);
    });

    /// <summary>Says what a node may boot, from its next question for settings on (docs/security.md BOOT-6).</summary>
    /// <param name="id">Its id.</param>
    /// <param name="mode">Null: as server.yaml says for all.</param>
    /// <param name="by">Who decides.</param>
    public NodeOutcome SetBootMode(string id, BootMode? mode, string by) => database.Decide<NodeOutcome>(db =>
    {
        if (NodeTable.Find(db, id) is not { } node) return new NodeOutcome.NoSuchNode();
        if (!node.IsMember) return new NodeOutcome.Refused($"{node.DisplayName} is {node.State}: it boots nothing of this platform's any more.");
        var before = node.OwnBootMode ?? "default";
        var changed = NodeTable.SetBootMode(db, id, mode, time.GetUtcNow()) > 0;
        var after = NodeTable.Find(db, id)!;
        if (changed) AuditTrail.Add(db, time.GetUtcNow(), by, "node boot-mode", id, $"{node.DisplayName}: {before} -> {after.OwnBootMode ?? "default"}");
        return new NodeOutcome.Done(after, []);
    });

    /// <param name="id">The node.</param>
    /// <param name="decision">The verb, and what the node is to be afterwards; a tunnel it has then ends with this word as the reason, unless it is accepted.</param>
    /// <param name="by">Who decides.</param>
    /// <param name="change">Makes the change and returns its line in the log; null when there was nothing to change.</param>
    private async Task<NodeOutcome> Decide(
        string id, (string Verb, string Standing) decision, string by, Func<SqliteConnection, NodeRow, Action?> change)
    {
        Action? logged = null;
        var standing = decision.Standing;
        var outcome = database.Decide<NodeOutcome>(db =>
        {
            if (NodeTable.Find(db, id) is not { } node) return new NodeOutcome.NoSuchNode();
            logged = change(db, node);
            if (logged is null && !Is(node, standing)) return Unfit(node, standing);
            if (logged is not null) AuditTrail.Add(db, time.GetUtcNow(), by, $"node {decision.Verb}", id, node.DisplayName);
            return new NodeOutcome.Done(NodeTable.Find(db, id)!, []);
        });
        logged?.Invoke();
        if (outcome is not NodeOutcome.Done done || standing == "accepted") return outcome;
        // Not cancelled with the request: what was decided is carried out. A second time too: the operator may ask because something was left undone.
        return done with { Faults = await cut.Enforce(id, standing, CancellationToken.None) };
    }

    private static bool Is(NodeRow node, string standing) => standing == "revoked" ? node.KeyRevokedAt is not null : node.State == standing;

    private static NodeOutcome.Refused Unfit(NodeRow node, string standing) => new(
        $"{node.DisplayName} is {node.State}, it cannot be {(standing == "accepted" ? "enabled" : standing)}. Its board may ask to join again"
        + $"{(node.KeyRevokedAt is null ? "" : ", with another key: write the image to its card once more")}.");
}
