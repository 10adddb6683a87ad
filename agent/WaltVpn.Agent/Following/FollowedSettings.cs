using System.Security.Cryptography;
using System.Text;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Following;

/// <summary>
/// How this node finds its server: by the card's own settings, until the server told it others; those are used from the next start on.
/// </summary>
/// <remarks>
/// docs/security.md NODE-5, on a board without an EEPROM. New settings never take the place of the ones that work before the node has come in with them:
/// <code>
///  card's ──told──▶ new ones, then the ones before ──the node came in with the new──▶ new ones, then the card's places with the new keys
/// </code>
/// </remarks>
internal sealed class FollowedSettings
{
    private readonly StatePartition _state;
    private readonly INodeLog _log;
    private readonly string _card;
    private readonly Reach _inUse;
    private readonly Reach? _former;
    // The digest of the document that is in use in this boot; empty: the card's settings are.
    private readonly string _inUseDigest = "";
    private readonly Lock _gate = new();
    private StoredSettings? _stored;

    /// <summary>Reads what is kept.</summary>
    /// <param name="card">The settings of the card, or of the EEPROM.</param>
    /// <param name="state">Has what the server told.</param>
    /// <param name="log">Says what is used.</param>
    /// <param name="eeprom">Where the node's settings are in its EEPROM: what stands there beside them; null: on the card.</param>
    public FollowedSettings(NodeSettings card, StatePartition state, INodeLog log, EepromMemory? eeprom = null)
    {
        (_state, _log, _card, _inUse) = (state, log, DigestOf(card), Reach.Of(card));
        var reachOfCard = _inUse;
        (_stored, Last) = Read(state, log);
        if (eeprom is not null) (_former, Last) = (eeprom.Former, eeprom.Last);
        if (_stored is { } stored && Last is { } last)
        {
            if (last.Platform == card.Platform && stored.Card == _card)
            {
                Told = Document(stored);
                (_inUse, _former, _inUseDigest) = (Reach.Of(Told), stored.Before, last.Digest);
            }
            else
            {
                log.Info(BootStage.Settings, $"{NodeSettings.FileName} on the card was changed after the server told its settings: the card's are used");
            }
        }

        IEnumerable<WayIn> ways =
        [
            .. _inUse.Ways(WayIn.Current), .. _former?.Ways(WayIn.Former) ?? [], .. reachOfCard.Ways(WayIn.Current),
        ];
        Ways = [.. ways.Distinct()];
    }

    /// <summary>Where to try, in this order.</summary>
    public IReadOnlyList<WayIn> Ways { get; }

    /// <summary>The document that is in use in this boot; null: the card's settings are.</summary>
    public SettingsDocument? Told { get; }

    /// <summary>How long to wait before the server is asked again.</summary>
    public TimeSpan AskAgainAfter { get; private set; } = TimeSpan.FromSeconds(SettingsDocument.DefaultAskAgainSeconds);

    /// <summary>The newest document that was taken; null: none was.</summary>
    public LastSettings? Last { get; private set; }

    /// <summary>Writes the keys that the server must show on each way.</summary>
    public void WriteHostKeys(string directory = SshConfig.DefaultDirectory) => SshConfig.WriteHostKeys(_inUse.HostKeys, _former?.HostKeys ?? [], directory);

    /// <summary>The server let the node in on this way: the settings that name it work.</summary>
    public void CameIn(WayIn way)
    {
        lock (_gate)
        {
            if (_stored is not { Before: not null } stored || Last?.Digest != _inUseDigest) return;
            if (way.KnownAs == WayIn.Former)
            {
                _log.Warning(BootStage.Settings, $"the server was reached with the settings of before only, through {way.Entrypoint}; "
                    + $"number {Last.Number} leads nowhere: check sshEntrypoints and hostKeyFiles in its server.yaml. Both are tried until the new ones work.");
                return;
            }

            if (!_inUse.Ways(WayIn.Current).Contains(way)) return;
            Keep(stored with { Before = null });
            _log.Info(BootStage.Settings, $"the server was reached with settings number {Last.Number}, through {way}; those of before are not kept any more");
        }
    }

    /// <summary>Takes what a server told, if that is to be taken.</summary>
    /// <returns>False when it was refused; the log says why.</returns>
    public bool Take(SettingsAnswer answer, string platform, string nodeId, string publicKey)
    {
        lock (_gate)
        {
            if (SettingsTrust.Refuse(answer, platform, nodeId, publicKey, Last) is { } refusal)
            {
                _log.Warning(BootStage.Settings, $"{answer.Way}: the settings it told are not taken: {refusal}.");
                return false;
            }

            AskAgainAfter = TimeSpan.FromSeconds(answer.Document.AskAgainSeconds);
            if (Last?.Digest == answer.Digest && _stored?.Card == _card) return true;
            var news = Reach.Of(answer.Document);
            // What works now is kept for as long as the new places and keys are not known to work.
            var before = news.IsSameAs(_inUse) ? _former : answer.Way.KnownAs == WayIn.Former ? _former : _inUse;
            if (!Keep(new StoredSettings(_card, Encoding.UTF8.GetString(answer.Line.Span), before))) return true;
            Last = LastOf(answer.Document, answer.Digest);
            if (news.IsSameAs(_inUse)) _log.Info(BootStage.Settings, $"up to date: the server's settings, number {answer.Document.Counter}, name the places and keys in use");
            else _log.Info(BootStage.Settings, $"the server's settings are new, number {answer.Document.Counter}: SSH at {string.Join(", ", news.Entrypoints)}, "
                + $"{news.HostKeys.Count} host keys; used from the next start on");
            return true;
        }
    }

    // A card that has become read-only keeps a node from nothing but new settings.
    private bool Keep(StoredSettings settings)
    {
        try
        {
            settings.Write(_state);
            _stored = settings;
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _log.Warning(BootStage.Settings, $"the server's settings could not be stored: {failure.Message}.");
            return false;
        }
    }

    private static (StoredSettings? Stored, LastSettings? Last) Read(StatePartition state, INodeLog log)
    {
        if (StoredSettings.Read(state, log) is not { } stored) return (null, null);
        try
        {
            return (stored, LastOf(Document(stored), Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(stored.Document)))));
        }
        catch (FormatException unknown)
        {
            log.Warning(BootStage.Settings, $"the settings that the server told cannot be used ({unknown.Message}); the card's own are.");
            return (null, null);
        }
    }

    private static SettingsDocument Document(StoredSettings stored) => SettingsDocument.Parse(Encoding.UTF8.GetBytes(stored.Document));

    private static LastSettings LastOf(SettingsDocument document, string digest) => new(document.Platform, document.NodeId, document.Counter, digest);

    private static string DigestOf(NodeSettings card)
    {
        IEnumerable<string> boot = card.HttpEntrypoint is { } server ? ["", server, card.BootKey ?? ""] : [];
        var text = string.Join('\n', (IEnumerable<string>)[card.Platform, "", .. card.SshEntrypoints, "", .. card.HostKeys, .. boot]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
