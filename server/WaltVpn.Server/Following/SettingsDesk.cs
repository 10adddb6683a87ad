using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.BootFiles;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Login;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Following;

/// <summary>Tells a node its settings, as server.yaml and the database have them now (docs/protocol.md "Settings document").</summary>
internal sealed class SettingsDesk(ServerSettings settings, Database database, TimeProvider time, ILogger<SettingsDesk> log)
{
    /// <summary>Answers a session that was admitted a moment ago; whether its certificate is still good is looked up again.</summary>
    public LoginAnswer Answer(AdmittedSession session)
    {
        try
        {
            var files = SettingsFiles.Read(settings);
            return database.Decide(db => Find(db, session) is var (node, certificate)
                ? Tell(db, files, node, certificate)
                : Refuse("the node's certificate is void"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException or CryptographicException or SqliteException)
        {
            log.SettingsFailed(session.NodeId, e.Message);
            return Refuse("the server cannot tell its settings now; its log says why");
        }
    }

    /// <summary>Those of some nodes whose settings are others than they were told last; each with what the settings are now.</summary>
    /// <exception cref="IOException">A file that settings are made of cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Nor that.</exception>
    /// <exception cref="FormatException">It holds something else.</exception>
    /// <exception cref="SqliteException">The database cannot be read.</exception>
    public IReadOnlyList<(string NodeId, string Digest)> Untold(IEnumerable<string> nodes)
    {
        var files = SettingsFiles.Read(settings);
        return database.Read(db => nodes.Select(id => (Id: id, News: News(db, files, id))).Where(node => node.News is not null).Select(node => (node.Id, node.News!)).ToList());
    }

    private string? News(SqliteConnection db, SettingsFiles files, string nodeId) =>
        NodeTable.Find(db, nodeId) is { IsAccepted: true } node && NodePublicKey.TryParseAny(node.PublicKey, out var key, out _)
        && CertificateJournal.Newest(db, key) is { } newest ? SettingsCounter.News(db, Document(db, files, node, newest)) : null;

    private (NodeRow Node, CertificateRow Certificate)? Find(SqliteConnection db, AdmittedSession session) =>
        CertificateJournal.Live(db, session.Serial, session.KeyId, time.GetUtcNow()) is { } live && live.NodeId == session.NodeId
        && NodeTable.Find(db, session.NodeId) is { } node && NodePublicKey.TryParseAny(node.PublicKey, out var key, out _)
        && CertificateJournal.Newest(db, key) is { } newest ? (node, newest) : null;

    private LoginAnswer Tell(SqliteConnection db, SettingsFiles files, NodeRow node, CertificateRow certificate)
    {
        SettingsEpoch.Alive(db, time.GetUtcNow());
        var document = SettingsCounter.Number(db, Document(db, files, node, certificate), time.GetUtcNow());
        var line = document.ToBytes();
        // What a node would refuse is refused here, where somebody can mend it.
        SettingsDocument.Parse(line);
        log.SettingsTold(node.Name, document.Counter);
        return new LoginAnswer { Allowed = true, Output = System.Text.Encoding.UTF8.GetString(line) };
    }

    private SettingsDocument Document(SqliteConnection db, SettingsFiles files, NodeRow node, CertificateRow certificate) => new()
    {
        Version = SettingsDocument.CurrentVersion,
        Platform = settings.Platform,
        NodeId = node.Id,
        Counter = 0,
        SshEntrypoints = [.. settings.SshEntrypoints.Select(entrypoint => entrypoint.ToString())],
        HostKeys = files.HostKeys,
        HttpEntrypoint = settings.HttpEntrypoint is { } host
            ? new HttpEntrypoint { Host = host, Port = HttpEntrypoint.DefaultPort, Path = BootPath(db, node) }
            : null,
        BootMode = node.BootModeOr(settings.BootMode),
        VpnMac = MacAddress.Parse(node.VpnMac),
        BootKey = files.BootKey,
        BootCaCertificate = files.BootCaCertificate,
        LeastBootloader = settings.LeastBootloader?.ToUnixTimeSeconds(),
        BootImage = NodeImages.Newest(db, node),
        AskAgainSeconds = (int)settings.SettingsInterval.TotalSeconds,
        Certificate = string.Join(' ', certificate.Certificate.Split(' ')[..2]),
    };

    /// <summary>A board that came by WalT's protocol has the path of its address already: another one would be a write of its chip for nothing.</summary>
    private static string BootPath(SqliteConnection db, NodeRow node) =>
        PerIpTable.OfNode(db, node.Id) is { } dashed ? $"{Routes.LegacyPerIp[1..]}/{dashed}" : $"{Routes.Boot[1..]}/{node.Id}";

    private static LoginAnswer Refuse(string reason) => new() { Allowed = false, Error = reason };
}
