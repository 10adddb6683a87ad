using System.Globalization;
using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Requests;
using WaltVpn.Server.Tokens;

namespace WaltVpn.Server.Audit;

/// <summary>Decides once more, in an older copy of the database, whom operators kept out after it was made: from a trail that was kept elsewhere.</summary>
/// <remarks>docs/security.md ADM-7. Only what takes rights away, or gives back what it took. Who joined since is not there to be kept out.</remarks>
internal static class AuditReplay
{
    /// <summary>What stands as <see cref="AuditEntry.Source"/> for a decision that is taken from such a trail.</summary>
    private const string Source = "audit export";

    /// <summary>Decides. A step of a transaction.</summary>
    /// <param name="db">The copy.</param>
    /// <param name="file">What <c>waltvpn audit export</c> printed.</param>
    /// <param name="now">When.</param>
    /// <returns>What was decided, a line each.</returns>
    /// <exception cref="InvalidDataException">The trail was changed, or does not go on from the copy's.</exception>
    public static IReadOnlyList<string> Apply(SqliteConnection db, string file, DateTimeOffset now)
    {
        var lines = Read(file);
        if (AuditChain.Walk(lines).Fault is { } fault) throw new InvalidDataException($"{file}: {fault}");
        var (number, hash) = db.QuerySingleOrDefault<(long Number, string Hash)>("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1");
        if (number == 0 || number > lines.Count || lines[(int)number - 1].Hash != hash)
            throw new InvalidDataException($"{file} is not the trail of this platform, or ends before the backup was made (its line {number} must have the hash {hash})");
        var decided = new List<string>();
        foreach (var line in lines.Skip((int)number))
        {
            if (!Decide(db, line, now)) continue;
            AuditTrail.Add(db, now, line.By, line.Action, line.Subject, line.Detail, Source);
            decided.Add($"{line.Action} {(line.Detail.Length > 0 && line.Action != "token revoke" ? line.Detail : line.Subject)}");
        }

        return decided;
    }

    private static bool Decide(SqliteConnection db, AuditEntry line, DateTimeOffset now)
    {
        switch (line.Action)
        {
            case "node revoke" when NodeTable.Revoke(db, line.Subject, line.By, now) > 0:
                NodeTable.RevokeKeys(db, line.Subject, now);
                CertificateJournal.RevokeAll(db, line.Subject, now);
                return true;
            case "node forget" when NodeTable.Forget(db, line.Subject, line.By, now) > 0:
                CertificateJournal.RevokeAll(db, line.Subject, now);
                RequestTable.ForgetNode(db, line.Subject);
                return true;
            case "node disable":
                return NodeTable.Disable(db, line.Subject, line.By, now) > 0;
            case "node enable":
                return NodeTable.Enable(db, line.Subject) > 0;
            case "token revoke" when long.TryParse(line.Subject, NumberStyles.None, CultureInfo.InvariantCulture, out var token):
                return TokenTable.Revoke(db, token, line.By, now) > 0;
            default:
                return false;
        }
    }

    private static List<AuditEntry> Read(string file)
    {
        var lines = new List<AuditEntry>();
        try
        {
            foreach (var line in File.ReadLines(file)) lines.Add(JsonSerializer.Deserialize(line, ProtocolJson.Default.AuditEntry) ?? throw new JsonException("it is null"));
            return lines;
        }
        catch (JsonException)
        {
            throw new InvalidDataException($"{file}: line {lines.Count + 1} is no line of 'waltvpn audit export'");
        }
    }
}
