using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using WaltVpn.Agent.Board;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Enrollment;

/// <summary>Asks the platform for an identity, over SSH with the image's enrolment key (docs/protocol.md "Enrollment").</summary>
internal sealed class EnrollmentClient(NodeSettings settings, StatePartition state, BoardFacts board, MacAddress mac, INodeLog log)
{
    private static readonly TimeSpan ForChallenge = TimeSpan.FromSeconds(40);
    // The server holds a request open for up to 25 s while a person decides.
    private static readonly TimeSpan ForAnswer = TimeSpan.FromSeconds(60);

    private bool _askedBefore;

    /// <summary>One conversation.</summary>
    /// <param name="way">Where.</param>
    /// <param name="known">The key of a node that asks again; null: the stored one, or a new one on a first boot.</param>
    /// <returns>The key and the identity that was given for it; both are stored.</returns>
    /// <exception cref="StageException">Not (yet) accepted, not reached, or not understood.</exception>
    public async Task<(NodeKey Key, NodeIdentity Identity)> Ask(WayIn way, NodeKey? known = null)
    {
        if (settings.EnrollmentKey.Reveal().Length == 0)
        {
            throw new StageException("the server refuses this node's certificate, and the settings in the board's EEPROM have no key to ask for another: "
                + "start it with its card, or have it enrol in the platform's network (docs/eeprom.md \"Following the server\").");
        }

        using var ssh = SshProcess.Start(SshConfig.Enrollment, way);
        var challenge = await Read(ssh, way, ProtocolJson.Default.EnrollmentChallenge, ForChallenge);
        if (challenge.Platform != settings.Platform)
            throw new StageException(
                $"{way} is platform '{challenge.Platform}', the settings on the card name '{settings.Platform}'. Correct one of them.");
        var nonce = new byte[EnrollmentChallenge.NonceLength];
        if (!Convert.TryFromBase64String(challenge.Nonce, nonce, out var length) || length != nonce.Length)
            throw new StageException($"{way} sent a nonce of the wrong form.");
        var key = known ?? NodeKey.Stored(state, log) ?? await NodeKey.Make(state, nonce, log);
        if (!_askedBefore) log.Info(BootStage.Enrollment, $"asking {way} to join; key {Shown(await key.Fingerprint())}");
        _askedBefore = true;
        var request = new EnrollmentRequest
        {
            Version = EnrollmentRequest.CurrentVersion,
            PublicKey = key.PublicKey,
            Model = board.Model,
            Serial = board.Serial,
            Mac = mac,
            Token = settings.EnrollmentToken,
            Signature = await key.Sign(EnrollmentSignature.SignedText(challenge.Platform, challenge.Nonce, key.PublicKey)),
        };
        Write(ssh.Input, request);
        var answer = await Read(ssh, way, ProtocolJson.Default.EnrollmentAnswer, ForAnswer);
        var identity = Read(answer, await key.Fingerprint());
        var isNew = identity != StoredIdentity.Read(state, settings.Platform, key, log);
        if (isNew) Store(new StoredIdentity(settings.Platform, key.PublicKey, identity), must: known is null);
        return (key, identity);
    }

    // A card that has become read-only must not cost a node the certificate it was just given.
    private void Store(StoredIdentity identity, bool must)
    {
        try
        {
            identity.Write(state);
        }
        catch (IOException failure) when (!must)
        {
            log.Warning(BootStage.Enrollment, $"the new identity could not be stored: {failure.Message}. It is good until the next boot, which asks again.");
        }
    }

    private static NodeIdentity Read(EnrollmentAnswer answer, string fingerprint)
    {
        var wait = TimeSpan.FromSeconds(Math.Clamp(answer.RetryAfterSeconds ?? 10, 1, 3600));
        switch (answer.Status)
        {
            case EnrollmentStatus.Accepted when answer.Identity is { } identity:
                return identity;
            case EnrollmentStatus.Accepted:
                throw new StageException("the server accepted this node but sent no identity.");
            case EnrollmentStatus.Pending:
                throw new StageException($"waiting for approval of key {Shown(fingerprint)}: {answer.Reason ?? "nobody decided yet"}.") { RetryAfter = wait };
            case EnrollmentStatus.Denied:
                throw new StageException($"denied: {answer.Reason ?? "no reason given"}.") { RetryAfter = wait };
            default:
                throw new InvalidOperationException($"internal error: status {answer.Status}");
        }
    }

    /// <summary>As the operator sees it: in whole, and as words to compare.</summary>
    private static string Shown(string fingerprint) => $"{fingerprint} ({FingerprintWords.Of(fingerprint)})";

    private static void Write(FileDescriptor input, EnrollmentRequest request)
    {
        input.Write([.. JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.EnrollmentRequest), (byte)'\n']);
    }

    private static async Task<T> Read<T>(SshProcess ssh, WayIn way, JsonTypeInfo<T> type, TimeSpan deadline)
    {
        var reading = ssh.ReadLine(EnrollmentRequest.MaxLineLength);
        string failure;
        try
        {
            var line = await reading.WaitAsync(deadline);
            if (line.Length > 0) return JsonSerializer.Deserialize(line, type) ?? throw new StageException($"{way} sent an empty message.");
            failure = await ssh.Reason();
        }
        catch (TimeoutException)
        {
            failure = $"no answer within {deadline.TotalSeconds:0} s";
        }
        catch (Exception mistake) when (mistake is JsonException or InvalidDataException)
        {
            failure = $"an answer that cannot be read: {mistake.Message}";
        }

        throw new StageException($"{way}: {failure}.");
    }
}
