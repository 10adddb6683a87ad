using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Nodes;

/// <summary>Carries out what the database already says: voided certificates stand in sshd's list, and tunnels of nodes that may not connect end.</summary>
internal sealed class NodeCut(Database database, RevocationList list, HubControl hub, TimeProvider time, ILogger<NodeCut> log)
{
    /// <summary>After a revocation was committed: list first, then the live tunnel.</summary>
    /// <returns>What could not be done now, for the operator; empty when all is done. <see cref="CatchUp"/> tries again.</returns>
    public async Task<IReadOnlyList<string>> Enforce(string nodeId, string reason, CancellationToken cancel)
    {
        var faults = new List<string>();
        try
        {
            await list.Publish(cancel);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            log.ListNotPublished(e.Message);
            faults.Add($"the revocation list could not be written ({e.Message})");
        }

        try
        {
            await hub.Disconnect(nodeId, reason, cancel);
        }
        catch (HubException e)
        {
            log.NotDisconnected(nodeId, e.Message);
            faults.Add($"its tunnel could not be cut ({e.Message})");
        }

        return faults;
    }

    /// <summary>
    /// Repairs the list when it is not the published one, and ends tunnels that should not be: what a crash or a hub that was away left undone.
    /// </summary>
    /// <exception cref="IOException">The list or the hub failed again.</exception>
    public async Task CatchUp(CancellationToken cancel)
    {
        if (!list.IsIntact())
        {
            log.ListRepaired();
            await list.Publish(cancel);
        }

        foreach (var session in await hub.List(cancel))
        {
            if (database.Read(db => MayStay(db, session))) continue;
            log.TunnelWithoutRight(session.NodeId);
            await hub.Disconnect(session.NodeId, "revoked", cancel);
        }
    }

    /// <summary>Neither it nor its node was voided; and where the node was made permissive, it is not the long one of before (BOOT-6).</summary>
    private bool MayStay(SqliteConnection db, TunnelSession session) =>
        CertificateJournal.TunnelMayStay(db, session.CertificateSerial, session.NodeId)
        && !(NodeTable.Find(db, session.NodeId) is { } node && CertificateJournal.Find(db, session.CertificateSerial) is { } certificate
            && CertificateLife.IsOver(certificate, node, time.GetUtcNow()));
}
