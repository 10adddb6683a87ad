using System.Net;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Following;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Login;

/// <summary>Answers sshd's questions from the database of now (docs/security.md CERT-7, the first gate). Whatever goes wrong is a refusal.</summary>
internal sealed class LoginDesk(
    ServerSettings settings, Database database, EnrollmentKey enrollmentKey, HubControl hub, AdmittedSessions sessions, SettingsDesk nodeSettings,
    Admission admission, TimeProvider time, ILogger<LoginDesk> log)
{
    // Of the 5 s in which sshd's helper wants its answer.
    private static readonly TimeSpan ForRenewal = TimeSpan.FromSeconds(2);

    private static readonly LoginAnswer Refused = new() { Allowed = false };

    /// <summary>Answers one question.</summary>
    public async Task<LoginAnswer> Answer(LoginRequest request, CancellationToken cancel) => request.Kind switch
    {
        LoginKind.Certificate => await AnswerCertificate(request, cancel),
        LoginKind.Key => AnswerKey(request),
        LoginKind.Command => await AnswerCommand(request, cancel),
    };

    private async Task<LoginAnswer> AnswerCertificate(LoginRequest request, CancellationToken cancel)
    {
        if (request is not { KeyId: { } keyId, Serial: { } serial, Certificate: { } blob }) return Refused;
        try
        {
            var now = time.GetUtcNow();
            var node = database.Read(db => CertificateJournal.Live(db, serial, keyId, now) is { } certificate && certificate.HasBlob(blob)
                && NodeTable.Find(db, certificate.NodeId) is { } found && !CertificateLife.IsOver(certificate, found, now)
                ? found
                : null);
            if (node is null)
            {
                log.LoginRefused(serial, "no live certificate of an accepted node");
                return Refused;
            }

            var ticket = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
            // First the hub, then sshd: a ticket that is shown is always one that is expected.
            var mac = MacAddress.Parse(node.VpnMac);
            await hub.Expect(new ExpectedNode { Ticket = ticket, NodeId = node.Id, VpnMac = mac, CertificateSerial = serial }, cancel);
            sessions.Add(ticket, new AdmittedSession(node.Id, serial, keyId));
            log.LoginAdmitted(node.Name, serial);
            return new LoginAnswer { Allowed = true, Principal = $"waltvpn:{node.Id}", Ticket = ticket };
        }
        catch (Exception e) when (e is SqliteException or HubException)
        {
            log.LoginFailed(serial, e.Message);
            return Refused;
        }
    }

    private async Task<LoginAnswer> AnswerSettings(AdmittedSession session, CancellationToken cancel)
    {
        // It goes on when it takes longer; then the node is told of the next certificate when it asks again.
        await Task.WhenAny(admission.Renew(session.NodeId), Task.Delay(ForRenewal, cancel));
        var answer = nodeSettings.Answer(session);
        if (!answer.Allowed) return answer;
        try
        {
            database.Decide(db => NodeTable.Seen(db, session.NodeId, time.GetUtcNow()));
        }
        catch (SqliteException e)
        {
            // It decides nothing: a full disk keeps no settings from a node.
            log.NotRecorded(e.Message);
        }

        return answer;
    }

    private LoginAnswer AnswerKey(LoginRequest request) => new() { Allowed = request.PublicKey == enrollmentKey.Public.Line };

    /// <summary>WalT's two questions, and ours (docs/protocol.md "SSH commands").</summary>
    private async Task<LoginAnswer> AnswerCommand(LoginRequest request, CancellationToken cancel) => request.Command switch
    {
        TunnelCommand.CheckInWaltNet => IsInPlatformNetwork(request.ClientAddress)
            ? new LoginAnswer { Allowed = true, Output = "OK" }
            : new LoginAnswer { Allowed = false, Output = "FAILED" },
        TunnelCommand.GetServerHostname => new LoginAnswer { Allowed = true, Output = settings.ServerName },
        TunnelCommand.Settings => sessions.Take(request.Ticket) is { } session
            ? await AnswerSettings(session, cancel)
            : new LoginAnswer { Allowed = false, Error = "whose session this is is not known any more; connect again" },
        _ => Refused,
    };

    private bool IsInPlatformNetwork(string? clientAddress)
    {
        if (settings.PlatformSubnet is not { } subnet || !IPAddress.TryParse(clientAddress, out var address)) return false;
        return subnet.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
    }
}
