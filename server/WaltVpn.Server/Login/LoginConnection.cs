using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using WaltVpn.Protocol;
using WaltVpn.Server.Http;

namespace WaltVpn.Server.Login;

/// <summary>One question of sshd (docs/protocol.md "Login"): a line, and a line back. A connection that ends without an answer is a refusal.</summary>
internal sealed class LoginConnection(PeerGate gate, LoginDesk desk, ILogger<LoginConnection> log) : ConnectionHandler
{
    /// <summary>Key id, serial and names; bytes.</summary>
    private const int MaxLineLength = 4096;

    /// <summary>docs/protocol.md "Login": no answer within 5 s is a refusal, so nobody waits longer for the question either.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        if (!gate.AdmitsSshHelper(connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket)) return;
        var lines = new LineConnection(connection.Transport);
        // Not ConnectionClosed: that fires when the helper has written its line and closed its half, while it still reads.
        var stopping = connection.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().ConnectionClosedRequested;
        try
        {
            var line = await lines.ReadLine(MaxLineLength, Patience, stopping);
            if (JsonSerializer.Deserialize(line, ProtocolJson.Default.LoginRequest) is not { } request) return;
            await lines.WriteLine(await desk.Answer(request, stopping), ProtocolJson.Default.LoginAnswer, stopping);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or JsonException or OperationCanceledException)
        {
            log.QuestionEnded(e.Message);
        }
    }
}
