using WaltVpn.Linux;

namespace WaltVpn.Agent.Network;

/// <summary>Watches the cable of the uplink.</summary>
internal sealed class LinkFollower(string name, INodeLog log)
{
    /// <summary>Returns when the interface went, or its cable is out and another interface has one.</summary>
    /// <param name="back">The cable was out and is in again.</param>
    /// <param name="stopping">The machine goes down.</param>
    /// <exception cref="ErrnoException">The kernel no longer tells about links.</exception>
    /// <exception cref="OperationCanceledException">The machine goes down.</exception>
    public async Task UntilLost(Action back, CancellationToken stopping)
    {
        using var monitor = new LinkMonitor();
        var carrier = true;
        await foreach (var change in monitor.ReadAllAsync(stopping))
        {
            if (change.Removed && change.Link.Name == name)
            {
                log.Warning(BootStage.Network, $"{name} was unplugged");
                return;
            }

            var now = WiredLink.HasCarrier(name);
            if (now != carrier) log.Info(BootStage.Network, now ? $"link up again on {name}; renewing its address" : $"link down on {name}");
            if (now && !carrier) back();
            carrier = now;
            // Adapters plugged in meanwhile are brought up by the look.
            if (!carrier && WiredLink.WithCarrier() is [var other, ..])
            {
                log.Info(BootStage.Network, $"{other} has a link in place of {name}");
                return;
            }
        }
    }
}
