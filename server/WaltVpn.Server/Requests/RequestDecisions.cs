using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Audit;
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
            var known = NodeTable.OfBoard(db, request.Claims).Where(node => node.IsMember).ToList();
            if (known.Count > 1) return (LikeTwoNodes(known[0].Name, known[1].Name), null);
            if (known.Count == 1 && !replaceKey) return (KnownWithAnotherKey(known[0].Name, id), null);
            if (known.Count == 1 && NodeTable.OfKey(db, request.Key) is { } former) return (KeyOfForgotten(former.DisplayName, known[0].Name), null);
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
            AuditTrail.Add(db, time.GetUtcNow(), by, "request deny", $"{id}", $"key {request.Key.Shown}{(reason is null ? "" : $": {reason}")}");
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
        if (known is null)
        {
            var added = NodeTable.Admit(db, request.Key, request.AskedBy, request.Claims, by, now);
            RequestTable.Accept(db, request.Id, added, by);
            AuditTrail.Add(db, now, by, "node accept", added, $"{NodeTable.Find(db, added)!.Name}, key {request.Key.Shown}, request {request.Id}");
            return;
        }

        NodeTable.RevokeKeys(db, known.Id, now);
        CertificateJournal.RevokeAll(db, known.Id, now);
        NodeTable.UpdateClaims(db, known.Id, request.Claims);
        NodeTable.AddKey(db, known.Id, request.Key, request.AskedBy, now);
        RequestTable.Accept(db, request.Id, known.Id, by);
        AuditTrail.Add(db, now, by, "node replace-key", known.Id, $"{known.Name}, key {request.Key.Shown}, request {request.Id}");
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

    /// <summary>A key is one node's for ever: it cannot become another's.</summary>
    private static DecisionOutcome.Refused KeyOfForgotten(string former, string now) => new(
        $"This is the key of {former}, which was forgotten, and its board is now {now}. To take {former} back, end the other first: waltvpn node forget {now}");

    private static DecisionOutcome.Refused Decided(RequestRow request) =>
        new($"Request {request.Id} was already accepted by {request.DecidedBy}. To end the node, type: waltvpn node revoke NAME");
}
