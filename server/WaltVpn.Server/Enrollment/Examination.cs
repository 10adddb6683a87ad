using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Audit;
using WaltVpn.Server.Expected;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Requests;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tokens;

namespace WaltVpn.Server.Enrollment;

/// <summary>The rules by which a proved request is judged, inside one transaction (docs/security.md ENR-3, ENR-4, ENR-7, ENR-8).</summary>
internal sealed class Examination(ServerSettings settings)
{
    /// <summary>docs/security.md ENR-8.</summary>
    public const int MaxPendingPerSource = 100;

    /// <summary>docs/security.md ENR-8.</summary>
    public const int MaxPending = 10_000;

    /// <summary>Judges, and writes down what follows from it.</summary>
    /// <param name="db">A connection with a transaction.</param>
    /// <param name="key">Proved.</param>
    /// <param name="claims">Not proved.</param>
    /// <param name="origin">Where the connection came from.</param>
    /// <param name="now">Time of the judgement.</param>
    public Finding Judge(SqliteConnection db, NodePublicKey key, EnrollmentClaims claims, EnrollmentOrigin origin, DateTimeOffset now)
    {
        if (NodeTable.OfKey(db, key) is { } owner && OfKnownKey(owner, claims) is { } finding) return finding;
        var request = RequestTable.OfKey(db, key);
        if (request is not null && !request.Claims.IsSameBoard(claims)) return KeyOfAnotherBoard($"request {request.Id}");
        if (request is { Status: RequestState.Denied }) return new Finding.Refused(request.Reason ?? "denied by the operator", null);
        var policy = origin.IsLan ? settings.LanPolicy : settings.RemotePolicy;
        // An operator's word on this very board, given in advance, stands before a policy for all; but a way in that is shut is shut.
        if (policy != EnrollmentPolicy.Deny && ExpectedTable.Of(db, key, claims, isProved: origin.Way == EnrollmentWay.Ssh) is { } expected && IsNew(db, key, claims))
            return AcceptAtOnce(db, request, key, claims, origin, expected.Decider, now, expected);
        return policy switch
        {
            EnrollmentPolicy.Deny => new Finding.Refused("this server takes no new nodes from here", null),
            EnrollmentPolicy.Auto when IsNew(db, key, claims) => AcceptAtOnce(db, request, key, claims, origin, "policy auto", now),
            EnrollmentPolicy.Token => ByToken(db, request, key, claims, origin, now),
            EnrollmentPolicy.Auto or EnrollmentPolicy.Manual => Wait(db, request, key, claims, origin, now, note: null),
        };
    }

    /// <summary>The same key gets the same node, from wherever it asks; a key that was voided gets nothing any more.</summary>
    /// <returns>Null when the node was forgotten: its key asks like an unknown one.</returns>
    private static Finding? OfKnownKey(NodeRow owner, EnrollmentClaims claims)
    {
        if (owner.KeyRevokedAt is not null)
            return new Finding.Refused("this key was revoked; if the board is to join again, write the image to its card once more: it then makes another key", null);
        if (!owner.Claims.IsSameBoard(claims)) return KeyOfAnotherBoard(owner.DisplayName);
        if (owner.IsForgotten) return null;
        return owner.IsAccepted ? new Finding.Known(owner, null) : new Finding.Refused("this node is disabled; its operator may enable it again", null);
    }

    private static Finding.Refused KeyOfAnotherBoard(string holder) => new(
        "this key belongs to another board; erase this node's credentials so that it makes its own",
        $"the key of {holder} was used by another board: a card or an EEPROM was copied");

    /// <summary>Neither a node, live or revoked but not forgotten, nor another request has this serial number or MAC address.</summary>
    private static bool IsNew(SqliteConnection db, NodePublicKey key, EnrollmentClaims claims) =>
        NodeTable.OfBoard(db, claims).Count == 0 && !RequestTable.BoardAskedBefore(db, key, claims);

    private static Finding.Known AcceptAtOnce(
        SqliteConnection db, RequestRow? before, NodePublicKey key, EnrollmentClaims claims, EnrollmentOrigin origin, string by, DateTimeOffset now,
        ExpectedRow? expected = null)
    {
        var request = before ?? RequestTable.Add(db, key, claims, origin, now);
        var id = NodeTable.Admit(db, request.Key, request.AskedBy, request.Claims, by, now);
        RequestTable.Accept(db, request.Id, id, by);
        if (expected is not null) ExpectedTable.Arrive(db, expected, id);
        var node = NodeTable.Find(db, id)!;
        AuditTrail.Add(db, now, by, "node accept", id, $"{node.Name}, key {key.Shown}, request {request.Id}", origin.Source.ToString());
        return new Finding.Known(node, RequestTable.View(db, RequestTable.Find(db, request.Id)!));
    }

    /// <summary>The token of a board that is new to the platform lets it in; whatever else comes waits, and the operator is told what of its token.</summary>
    private static Finding ByToken(
        SqliteConnection db, RequestRow? request, NodePublicKey key, EnrollmentClaims claims, EnrollmentOrigin origin, DateTimeOffset now)
    {
        if (claims.Token is not { } text) return Wait(db, request, key, claims, origin, now, note: null);
        if (TokenTable.OfText(db, text.Reveal()) is not { } token) return Wait(db, request, key, claims, origin, now, "it brought a token that is not known here");
        var state = token.StateAt(now);
        if (state != TokenState.Active) return Wait(db, request, key, claims, origin, now, $"it brought {token.Name}, which {Worth(state)}");
        if (!IsNew(db, key, claims)) return Wait(db, request, key, claims, origin, now, note: null);
        TokenTable.Use(db, token.Id, now);
        return AcceptAtOnce(db, request, key, claims, origin, token.Name, now);
    }

    private static string Worth(TokenState state) => state switch
    {
        TokenState.Active => "lets boards in",
        TokenState.UsedUp => "has let in as many boards as it was made for",
        TokenState.Expired => "has expired",
        TokenState.Revoked => "was revoked",
    };

    /// <summary>docs/security.md LEG-3: without proof of the key, a live node's board asks for another one. It, or somebody in its place.</summary>
    private static string? KeyToReplace(SqliteConnection db, EnrollmentClaims claims, EnrollmentOrigin origin) =>
        origin.Way == EnrollmentWay.Http && NodeTable.OfBoard(db, claims) is [{ IsMember: true } live, ..]
            ? $"the board of {live.Name} asks for another key by WalT's HTTP protocol, which proves none"
            : null;

    private static Finding Wait(
        SqliteConnection db, RequestRow? request, NodePublicKey key, EnrollmentClaims claims, EnrollmentOrigin origin, DateTimeOffset now, string? note)
    {
        if (request is not null)
        {
            RequestTable.Touch(db, request.Id, origin, now);
            if (note != request.Note) RequestTable.SetNote(db, request.Id, note);
            return new Finding.Waiting(request.Id, null, null);
        }

        if (RequestTable.CountPending(db, origin.Source) >= MaxPendingPerSource || RequestTable.CountPending(db) >= MaxPending)
            return new Finding.Refused("too many requests wait for a decision", "the limit of waiting requests is reached");
        var added = RequestTable.Add(db, key, claims, origin, now);
        if (note is not null) RequestTable.SetNote(db, added.Id, note);
        return new Finding.Waiting(added.Id, RequestTable.View(db, added with { Note = note }), KeyToReplace(db, claims, origin));
    }
}
