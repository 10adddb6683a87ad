using Dapper;
using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Audit;
using WaltVpn.Server.BootFiles;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Following;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Requests;
using WaltVpn.Server.Schema;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Health;

/// <summary>What the daemon can say of itself and of those it works with. Looks only; changes nothing.</summary>
internal sealed class ServerHealth(
    ServerSettings settings, Database database, CaAgent agent, HubControl hub, RevocationList list, TimeProvider time)
{
    /// <summary>Below this a database, a revocation list or a boot image may not fit any more.</summary>
    private const long LeastFreeBytes = 100_000_000;

    /// <summary>A clock that is behind by this much makes certificates that are not valid yet.</summary>
    private static readonly TimeSpan s_clockMayDiffer = TimeSpan.FromMinutes(5);

    private const int MostNames = 10;

    /// <summary>All checks, in the order in which a board needs what they look at.</summary>
    public async Task<IReadOnlyList<HealthCheck>> Look(CancellationToken cancel) =>
    [
        OfDatabase(), OfDisk(), OfClock(), OfHostKeys(), await OfAgent(cancel), OfRevocationList(), await OfHub(cancel), OfRequests(), .. OfBootImages(),
    ];

    private HealthCheck OfDatabase()
    {
        try
        {
            // The write lock, taken and given back: what stops a decision stops this too.
            var damage = database.Decide(db => db.ExecuteScalar<string>("PRAGMA quick_check(1)"));
            return damage == "ok"
                ? new HealthCheck("database", true, $"{settings.DatabaseFile} is whole and takes decisions")
                : new HealthCheck("database", false, $"{settings.DatabaseFile} is damaged: {damage}", "stop waltvpnd, restore the file from a backup");
        }
        catch (SqliteException e)
        {
            return new HealthCheck("database", false, $"{settings.DatabaseFile} takes no decision: {e.Message}", "is the disk full or read-only, or does another program hold the file?");
        }
    }

    private HealthCheck OfDisk()
    {
        var free = new DriveInfo(settings.StateDirectory).AvailableFreeSpace;
        var finding = $"{free / 1_000_000} MB free for {settings.StateDirectory}";
        return new HealthCheck("disk", free >= LeastFreeBytes, finding, free >= LeastFreeBytes ? null : $"make room: df {settings.StateDirectory}");
    }

    private HealthCheck OfClock()
    {
        var now = time.GetUtcNow();
        var last = Read(db => AuditTrail.Newest(db, null, 1));
        return last is [var line] && line.At > now + s_clockMayDiffer
            ? new HealthCheck("clock", false, $"it is {now:u} here, but the newest decision was at {line.At:u}", "set the clock: timedatectl set-ntp true")
            : new HealthCheck("clock", true, $"{now:u}, not before the newest decision");
    }

    private HealthCheck OfHostKeys()
    {
        try
        {
            foreach (var file in settings.HostKeyFiles) ServerHostKey.Load(file);
            return new HealthCheck("host keys", true, string.Join(", ", settings.HostKeyFiles));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            return new HealthCheck("host keys", false, e.Message, "make one with 'ssh-keygen -A', or name the file under hostKeyFiles in server.yaml");
        }
    }

    private async Task<HealthCheck> OfAgent(CancellationToken cancel) => await agent.FindFault(cancel) is { } fault
        ? new HealthCheck("CA", false, $"{fault}: no certificate can be made", "systemctl status waltvpn-ca waltvpn-ca-relay")
        : new HealthCheck("CA", true, "its agent holds the key and can sign");

    private HealthCheck OfRevocationList() => list.IsIntact()
        ? new HealthCheck("revocations", true, $"{settings.RevocationListFile} is the one that was published")
        : new HealthCheck(
            "revocations", false, $"{settings.RevocationListFile} is missing or not the one that was published; sshd may let nobody in", "systemctl restart waltvpnd, and see its log");

    private async Task<HealthCheck> OfHub(CancellationToken cancel)
    {
        try
        {
            return new HealthCheck("hub", true, $"answers; {Count((await hub.List(cancel)).Count, "tunnel")} up");
        }
        catch (HubException e)
        {
            return new HealthCheck("hub", false, $"{e.Message}: no tunnel comes up", "systemctl status waltvpn-hub");
        }
    }

    // Not a fault; but who wonders why a board does not come up wants to know.
    private HealthCheck OfRequests()
    {
        var waiting = Read(db => RequestTable.CountPending(db));
        return new HealthCheck("requests", true, waiting == 0 ? "no board waits for a decision" : $"{Count(waiting, "board")} waiting for you: waltvpn request list");
    }

    // Where nothing is published there is nothing to stay behind of.
    private IEnumerable<HealthCheck> OfBootImages()
    {
        if (Read(BootTable.All) is not { Count: > 0 } || Read(NodeImages.Behind) is not { } behind) yield break;
        var names = string.Join(", ", behind.Take(MostNames).Select(node => node.Name)) + (behind.Count > MostNames ? ", ..." : "");
        yield return behind.Count == 0
            ? new HealthCheck("boot images", true, "no node started with an older one after the newest of its board was published")
            : new HealthCheck(
                "boot images",
                false,
                $"{Count(behind.Count, "node")} started with an older one than was published for its board before: {names}",
                $"an HTTP entrypoint may serve yesterday's pair, or the newest image does not come in; why, and what to do: waltvpn doctor {behind[0].Name}");
    }

    // What the database cannot say now has a check of its own.
    private T? Read<T>(Func<SqliteConnection, T> query)
    {
        try
        {
            return database.Read(query);
        }
        catch (SqliteException)
        {
            return default;
        }
    }

    private static string Count(long number, string thing) => $"{number} {thing}{(number == 1 ? "" : "s")}";
}
