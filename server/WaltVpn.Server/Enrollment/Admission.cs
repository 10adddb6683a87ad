using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Requests;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Enrollment;

/// <summary>Gives nodes that ask their answer, and accepted ones their identity.</summary>
internal sealed class Admission(
    ServerSettings settings, Database database, CertificateAuthority authority, RequestEvents events, TimeProvider time, ILogger<Admission> log)
    : IDisposable
{
    private readonly Examination _examination = new(settings);

    // One identity at a time: two conversations of one key must not order two certificates.
    private readonly SemaphoreSlim _oneAtATime = new(1);

    // A CA that is away is not asked anew for each node: what it did not sign is a serial lost.
    private static readonly TimeSpan s_afterFailure = TimeSpan.FromMinutes(5);
    private long _renewAfter;

    /// <summary>Answers a node that proved its key, or that asks by WalT's HTTP protocol, which has no proof.</summary>
    public async Task<AdmissionAnswer> Ask(NodePublicKey key, EnrollmentClaims claims, EnrollmentOrigin origin, CancellationToken cancel)
    {
        await _oneAtATime.WaitAsync(cancel);
        try
        {
            var now = time.GetUtcNow();
            var finding = database.Decide(db => _examination.Judge(db, key, claims, origin, now));
            return finding switch
            {
                Finding.Known known => await Welcome(known, key),
                Finding.Waiting waiting => Announce(waiting, key, origin),
                Finding.Refused refused => Refuse(refused, key, origin),
                _ => throw new InvalidOperationException($"internal error: {finding}"),
            };
        }
        catch (SqliteException e)
        {
            log.CannotDecide(e.Message);
            return AdmissionAnswer.Trouble("the server cannot decide now");
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Makes the certificate of a node that was just accepted, so that it waits no longer than it must.</summary>
    /// <exception cref="CertificateException">It could not be made now; it will be when the node asks.</exception>
    /// <exception cref="SqliteException">Nor written down.</exception>
    public async Task Prepare(NodePublicKey key)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            if (database.Read(db => NodeTable.OfKey(db, key)) is { IsAccepted: true } node) await Certificate(node, key);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Makes the next certificate of a node when it is due. What fails is in the log, and the node has the one it has.</summary>
    public async Task Renew(string nodeId)
    {
        if (time.GetUtcNow().ToUnixTimeSeconds() < Interlocked.Read(ref _renewAfter)) return;
        try
        {
            if (database.Read(db => NodeTable.Find(db, nodeId)) is not { IsAccepted: true } node
                || !NodePublicKey.TryParseAny(node.PublicKey, out var key, out _)) return;
            var newest = database.Read(db => CertificateJournal.Newest(db, key));
            if (newest is not null && CertificateLife.IsDue(newest, node, settings, time.GetUtcNow())) await Prepare(key);
        }
        catch (Exception e) when (e is CertificateException or SqliteException or IOException or UnauthorizedAccessException or FormatException)
        {
            Interlocked.Exchange(ref _renewAfter, (time.GetUtcNow() + s_afterFailure).ToUnixTimeSeconds());
            log.NotRenewed(nodeId, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _oneAtATime.Dispose();

    private async Task<AdmissionAnswer> Welcome(Finding.Known known, NodePublicKey key)
    {
        if (known.News is { } news)
        {
            log.Accepted(known.Node.Name, known.Node.Id, key.Fingerprint, news.DecidedBy!);
            events.Publish(news);
        }

        try
        {
            var certificate = await Certificate(known.Node, key);
            return AdmissionAnswer.Accepted(new NodeIdentity
            {
                NodeId = known.Node.Id,
                Name = known.Node.Name,
                VpnMac = MacAddress.Parse(known.Node.VpnMac),
                Certificate = certificate,
            });
        }
        catch (CertificateException e)
        {
            log.NoCertificate(known.Node.Name, e.Message);
            return AdmissionAnswer.Trouble("accepted; the certificate is not ready yet");
        }
    }

    /// <summary>The released certificate, a new one when that is in the second half of its life or there is none.</summary>
    /// <remarks>An order that a crash or an error left unsigned is given up: its serial is used, and the next order has another.</remarks>
    private async Task<string> Certificate(NodeRow node, NodePublicKey key)
    {
        var now = time.GetUtcNow();
        var newest = database.Read(db => CertificateJournal.Newest(db, key));
        if (newest is not null && !CertificateLife.IsDue(newest, node, settings, now)) return newest.Certificate;
        var order = database.Decide(db =>
        {
            CertificateJournal.Abandon(db, key, now);
            return CertificateJournal.Order(db, node, key, CertificateLife.Of(node, settings), now);
        });
        // Not cancelled with the conversation: what is journalled is finished, and the node finds it when it asks again.
        var certificate = await authority.Issue(order, CancellationToken.None);
        log.CertificateReleased(node.Name, order.KeyId, order.Serial);
        return certificate;
    }

    private AdmissionAnswer Announce(Finding.Waiting waiting, NodePublicKey key, EnrollmentOrigin origin)
    {
        if (waiting.News is { } news)
        {
            log.Asked(waiting.Request, key.Fingerprint, origin.Source, news.Warning ?? "nothing unusual");
            if (waiting.Alarm is { } alarm) log.Alarm(alarm, key.Fingerprint, origin.Source);
            events.Publish(news);
        }

        return AdmissionAnswer.Pending(waiting.Request);
    }

    private AdmissionAnswer Refuse(Finding.Refused refused, NodePublicKey key, EnrollmentOrigin origin)
    {
        if (refused.Alarm is { } alarm) log.Alarm(alarm, key.Fingerprint, origin.Source);
        else log.Refused(key.Fingerprint, origin.Source, refused.Reason);
        return AdmissionAnswer.Denied(refused.Reason);
    }
}
