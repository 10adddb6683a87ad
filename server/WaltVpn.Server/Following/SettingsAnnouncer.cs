using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.HubLink;

namespace WaltVpn.Server.Following;

/// <summary>
/// Tells nodes through their tunnels that their settings are others than those they were told last, so that they ask before their time. Nodes whose tunnel
/// speaks version 0 find out when they ask by themselves.
/// </summary>
internal sealed class SettingsAnnouncer(SettingsDesk desk, HubControl hub, TimeProvider time, ILogger<SettingsAnnouncer> log) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(10);

    // What was announced to whom. A node that does not ask then is not told of the same again: it asks in its own time.
    private readonly Dictionary<string, string> _announced = [];

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        try
        {
            do await Announce(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // The daemon stops.
        }
    }

    private async Task Announce(CancellationToken cancel)
    {
        try
        {
            var listening = (await hub.List(cancel)).Where(session => session.TunnelVersion >= 2).Select(session => session.NodeId).ToHashSet();
            foreach (var gone in _announced.Keys.Where(node => !listening.Contains(node)).ToList()) _announced.Remove(gone);
            if (listening.Count == 0) return;
            foreach (var (node, digest) in desk.Untold(listening).Where(news => _announced.GetValueOrDefault(news.NodeId) != news.Digest)) await Tell(node, digest, cancel);
        }
        catch (Exception e) when (e is HubException or SqliteException or IOException or UnauthorizedAccessException or FormatException)
        {
            // The hub restarts, a file is being written: at the next turn. What lasts is said where it is asked for, and by the heartbeat.
        }
    }

    private async Task Tell(string node, string digest, CancellationToken cancel)
    {
        try
        {
            await hub.Tell(node, new TunnelControl { Kind = TunnelControl.SettingsChanged }, cancel);
            _announced[node] = digest;
            log.Announced(node);
        }
        catch (HubException)
        {
            // It has just gone, or takes nothing now.
        }
    }
}
