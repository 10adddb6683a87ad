using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Requests;

/// <summary>The operator's word on a request: one transaction each, then what follows from it.</summary>
internal sealed class RequestDecisions(
    Database database, Admission admission, NodeCut cut, RequestEvents events, TimeProvider time, ILogger<RequestDecisions> log)
{
    /// <summary>Makes a node of a request, or gives a known node the request's key.</summary>
    /// <param name="id">Number of the request; a denied one may still be accepted.</param>
    /// <param name="replaceKey">Allowed to void the key the board is known with.</param>
    /// <param name="by">Who decides.</param>
    public async Task<DecisionOutcome> Accept(long id, bool replaceKey, string by)
    {
        var replaced = false;
        var (outcome, row) = database.Decide<(DecisionOutcome, RequestRow?)>(db =>
        {
            if (RequestTable.Find(db, id) is not { } request) return (new DecisionOutcome.NoSuchRequest(), null);
            if (request.Status == RequestState.Accepted) return (Decided(request), null);
            var known = NodeTable.OfBoard(db, request.Claims).Where(node => node.IsAccepted).ToList();
            if (known.Count > 1) return (LikeTwoNodes(known[0].Name, known[1].Name), null);
            if (known.Count == 1 && !replaceKey) return (KnownWithAnotherKey(known[0].Name, id), null);
            replaced = known.Count == 1;
            Admit(db, request, known.FirstOrDefault(), by);
            var decided = RequestTable.Find(db, id)!;
            return (new DecisionOutcome.Done(RequestTable.View(db, decided)), decided);
        });
        return row is null ? outcome : await FollowUp((DecisionOutcome.Done)outcome, row, replaced, by);
    }

    /// <summary>Refuses a request until somebody accepts it.</summary>
    /// <param name="id">Number of the request.</param>
    /// <param name="reason">For the node's console; printable ASCII, at most 200 characters; may be null.</param>
    /// <param name="by">Who decides.</param>
    public DecisionOutcome Deny(long id, string? reason, string by)
    {
        var outcome = database.Decide<DecisionOutcome>(db =>
        {
            if (RequestTable.Find(db, id) is not { } request) return new DecisionOutcome.NoSuchRequest();
            if (request.Status == RequestState.Accepted) return Decided(request);
            RequestTable.Deny(db, id, reason, by);
            return new DecisionOutcome.Done(RequestTable.View(db, RequestTable.Find(db, id)!));
        });
        if (outcome is not DecisionOutcome.Done done) return outcome;
        log.Denied(id, done.Request.Fingerprint, by);
        events.Publish(done.Request);
        return outcome;
    }

    private void Admit(SqliteConnection db, RequestRow request, NodeRow? known, string by)
    {
        var now = time.GetUtcNow();
        var node = known?.Id ?? NodeTable.Add(db, request.Claims, by, now);
        if (known is not null)
        {
            NodeTable.RevokeKeys(db, node, now);
            CertificateJournal.RevokeAll(db, node, now);
            NodeTable.UpdateClaims(db, node, request.Claims);
        }

        NodeTable.AddKey(db, node, request.Key, request.AskedBy, now);
        RequestTable.Accept(db, request.Id, node, by);
    }

    private async Task<DecisionOutcome> FollowUp(DecisionOutcome.Done done, RequestRow request, bool replaced, string by)
    {
        var node = database.Read(db => NodeTable.Find(db, request.NodeId!))!;
        log.Accepted(node.Name, node.Id, done.Request.Fingerprint, by);
        var faults = new List<string>();
        if (replaced) faults.AddRange(await cut.Enforce(node.Id, "its key was replaced", CancellationToken.None));
        try
        {
            await admission.Prepare(request.Key);
        }
        catch (Exception e) when (e is CertificateException or SqliteException)
        {
            log.NoCertificate(node.Name, e.Message);
            faults.Add($"its certificate could not be made ({e.Message})");
        }

        events.Publish(done.Request);
        if (faults.Count == 0) return done;
        return new DecisionOutcome.DoneInPart($"{node.Name} is accepted, but {string.Join(", and ", faults)}; the server tries again by itself.");
    }

    private static DecisionOutcome.Refused LikeTwoNodes(string one, string other) =>
        new($"This board looks like {one} and like {other}. Revoke the one that is gone: waltvpn node revoke NAME");

    private static DecisionOutcome.Refused KnownWithAnotherKey(string name, long id) => new(
        $"This board is known as {name} with another key. If it was reinstalled, void the old key with: waltvpn request accept {id} --replace-key");

    private static DecisionOutcome.Refused Decided(RequestRow request) =>
        new($"Request {request.Id} was already accepted by {request.DecidedBy}. To end the node, type: waltvpn node revoke NAME");
}
