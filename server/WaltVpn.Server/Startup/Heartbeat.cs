using Microsoft.Data.Sqlite;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Following;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Requests;
using WaltVpn.Server.Schema;

namespace WaltVpn.Server.Startup;

/// <summary>Every few seconds: forget expired requests, catch up with what was left undone, and tell systemd how we are.</summary>
internal sealed class Heartbeat(
    Database database, CaAgent agent, NodeCut cut, ServiceNotifier notifier, TimeProvider time, ILogger<Heartbeat> log)
    : BackgroundService
{
    /// <summary>docs/security.md ENR-8.</summary>
    private static readonly TimeSpan RequestLife = TimeSpan.FromHours(24);

    /// <summary>A revoked node's tunnel ends within this even when the hub was away at the decision.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(4);

    private string? _fault;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = ServiceNotifier.WatchdogTime is { } watchdog && watchdog / 2 < Interval ? watchdog / 2 : Interval;
        using var timer = new PeriodicTimer(interval, time);
        notifier.Ready(await Beat(stoppingToken));
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) notifier.Alive(await Beat(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            notifier.Stopping();
        }
    }

    /// <summary>One round.</summary>
    /// <returns>The status line, e.g. <c>12 nodes, 3 pending</c>.</returns>
    private async Task<string> Beat(CancellationToken cancel)
    {
        var faults = new List<string>();
        var counts = "";
        try
        {
            database.Decide(db => SettingsEpoch.Alive(db, time.GetUtcNow()));
            foreach (var request in database.Decide(db => RequestTable.Expire(db, time.GetUtcNow() - RequestLife))) log.Expired(request);
            counts = database.Read(db => $"{NodeTable.CountAccepted(db)} nodes, {RequestTable.CountPending(db)} pending");
            await cut.CatchUp(cancel);
        }
        catch (Exception e) when (e is SqliteException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            faults.Add(e.Message);
        }

        if (await agent.FindFault(cancel) is { } fault) faults.Add(fault);
        Report(faults.Count == 0 ? null : string.Join("; ", faults));
        return _fault is null ? counts : $"{counts}; {_fault}";
    }

    /// <summary>One log line when a fault comes, changes or goes.</summary>
    private void Report(string? fault)
    {
        if (fault == _fault) return;
        _fault = fault;
        if (fault is null) log.Well();
        else log.Unwell(fault);
    }
}
