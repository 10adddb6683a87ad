using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using WaltVpn.Protocol;
using WaltVpn.Server.Http;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Requests;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Enrollment;

/// <summary>One enrolment conversation (docs/protocol.md "Enrollment"), relayed by <c>waltvpn-hub enroll</c>.</summary>
internal sealed class EnrollmentConnection(
    ServerSettings settings,
    PeerGate gate,
    Admission admission,
    RequestEvents events,
    HubControl hub,
    TimeProvider time,
    ILogger<EnrollmentConnection> log)
    : ConnectionHandler
{
    /// <summary>The relay's own line comes at once.</summary>
    private static readonly TimeSpan RelayPatience = TimeSpan.FromSeconds(10);

    /// <summary>docs/protocol.md "Enrollment": how long a waiting request is held for a decision.</summary>
    private static readonly TimeSpan Hold = TimeSpan.FromSeconds(25);

    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        if (!gate.AdmitsSshHelper(connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket)) return;
        var lines = new LineConnection(connection.Transport);
        // Not ConnectionClosed: that fires when the node has written its last line and closed its half, while it still reads.
        var stopping = connection.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().ConnectionClosedRequested;
        try
        {
            var relay = await lines.ReadLine(EnrollmentOrigin.MaxLineLength, RelayPatience, stopping);
            var origin = await EnrollmentOrigin.Parse(Encoding.ASCII.GetString(relay), settings).OutsideTunnels(hub, stopping);
            var answer = await Converse(lines, origin, stopping);
            await lines.WriteLine(answer, ProtocolJson.Default.EnrollmentAnswer, stopping);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or FormatException or OperationCanceledException)
        {
            log.ConversationEnded(e.Message);
        }
    }

    private async Task<EnrollmentAnswer> Converse(LineConnection lines, EnrollmentOrigin origin, CancellationToken stopping)
    {
        try
        {
            // The server speaks first: a node without a key mixes the nonce into its generator before it makes one.
            var possession = new ProofOfPossession(settings, time);
            var challenge = new EnrollmentChallenge { Nonce = possession.Nonce, Platform = settings.Platform };
            await lines.WriteLine(challenge, ProtocolJson.Default.EnrollmentChallenge, stopping);
            var line = await lines.ReadLine(EnrollmentRequest.MaxLineLength, ProofOfPossession.Life, stopping);
            var request = JsonSerializer.Deserialize(line, ProtocolJson.Default.EnrollmentRequest);
            if (!TryRead(request, out var key, out var claims, out var refusal)) return Refuse(origin, refusal);
            if (request?.Signature is not { } signature || !await possession.Verify(key, signature, stopping))
                return Refuse(origin, "the signature does not prove the key");
            return await Decision(key, claims, origin, stopping);
        }
        catch (JsonException)
        {
            return Refuse(origin, "a line is not the JSON of the enrolment protocol");
        }
    }

    private static bool TryRead(
        EnrollmentRequest? request,
        [NotNullWhen(true)] out NodePublicKey? key,
        [NotNullWhen(true)] out EnrollmentClaims? claims,
        out string refusal)
    {
        (key, claims, var why) = (null, null, (string?)null);
        refusal = "the request is empty";
        if (request is null) return false;
        refusal = "this server speaks enrolment version 1 only";
        if (request.Version != EnrollmentRequest.CurrentVersion) return false;
        var whole = NodePublicKey.TryParse(request.PublicKey ?? "", out key, out why) && EnrollmentClaims.TryRead(request, out claims, out why);
        refusal = why ?? "";
        return whole;
    }

    /// <summary>The answer; one that waits for a person is held until she decides, the time is over, or the daemon stops.</summary>
    private async Task<EnrollmentAnswer> Decision(NodePublicKey key, EnrollmentClaims claims, EnrollmentOrigin origin, CancellationToken stopping)
    {
        // Before the question: no decision falls between the answer and the wait.
        using var subscription = events.Subscribe();
        var first = await admission.Ask(key, claims, origin, stopping);
        if (first.WaitsAs is not { } request) return first.Answer;
        using var hold = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        hold.CancelAfter(Hold);
        try
        {
            await foreach (var change in subscription.Changes(hold.Token))
            {
                if (change.Id == request && change.State != RequestState.Pending) return (await admission.Ask(key, claims, origin, stopping)).Answer;
            }
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // Nobody decided.
        }

        return first.Answer;
    }

    private EnrollmentAnswer Refuse(EnrollmentOrigin origin, string reason)
    {
        log.Malformed(origin.Source, reason);
        return AdmissionAnswer.Denied(reason).Answer;
    }
}
