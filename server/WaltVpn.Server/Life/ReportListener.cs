using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.BootFiles;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Life;

/// <summary>
/// Takes from the hub what nodes reported, keeps it, and says so to each node: what was not kept, for whatever reason, the node says again.
/// </summary>
internal sealed class ReportListener(Database database, HubControl hub, TimeProvider time, ILogger<ReportListener> log) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    // The boot of each node whose image was looked at: what is behind is said once a boot.
    private readonly Dictionary<string, string> _judged = [];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval);
        try
        {
            do await HearAll(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task HearAll(CancellationToken cancel)
    {
        try
        {
            while (await hub.Hear(cancel) is { Count: > 0 } reports)
            {
                foreach (var heard in Keep(reports))
                {
                    Judge(heard);
                    await Answer(heard, cancel);
                }
            }
        }
        catch (HubException)
        {
            // It restarts, or is an older one: at the next turn. What lasts is said by the heartbeat.
        }
        catch (SqliteException e)
        {
            log.ReportsNotKept(e.Message);
        }
    }

    private List<HeardReport> Keep(IReadOnlyList<HeardReport> reports) => database.Decide(db => reports
        .Where(heard => heard.Report.IsValid && NodeBootTable.Keep(db, heard, time.GetUtcNow())).ToList());

    private void Judge(HeardReport heard)
    {
        if (heard.Report is not { Image: not null, Now: not null } || _judged.GetValueOrDefault(heard.NodeId) == heard.Report.Boot) return;
        _judged[heard.NodeId] = heard.Report.Boot;
        var found = database.Read(db => NodeTable.Find(db, heard.NodeId) is { } node ? (Node: node, Image: NodeImages.Of(db, node)) : default);
        if (found.Image is { Standing: ImageStanding.Behind, NewestSha256: { } newest, NewestPublished: { } published } image)
            log.StaysBehind(found.Node.DisplayName, heard.NodeId, image.Started, heard.Report.Image.Name, newest[..16], published);
    }

    private async Task Answer(HeardReport heard, CancellationToken cancel)
    {
        try
        {
            // The time, too: most boards have no clock of their own.
            var word = new TunnelControl { Kind = TunnelControl.ReportKept, Number = heard.Report.Number, Time = time.GetUtcNow().ToUnixTimeSeconds() };
            await hub.Tell(heard.NodeId, word, cancel);
        }
        catch (HubException)
        {
            // It has just gone: it says it again, and it is kept once.
        }
    }
}
