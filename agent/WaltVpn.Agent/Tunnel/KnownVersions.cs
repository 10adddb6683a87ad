using WaltVpn.Protocol;
using WaltVpn.Tunnel;

namespace WaltVpn.Agent.Tunnel;

/// <summary>Which version of the tunnel each way in has led to, so that an old server is not asked anew at each attempt. Remembered while the node runs.</summary>
/// <param name="log">Hears of a fall-back (docs/security.md L2-11).</param>
/// <param name="time">The clock.</param>
internal sealed class KnownVersions(INodeLog log, TimeProvider time)
{
    /// <summary>How long an old server is taken for old; it may have been renewed meanwhile.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    private readonly Dictionary<SshEntrypoint, (KnownVersion Version, long Since)> _known = [];
    private readonly HashSet<SshEntrypoint> _spokeVersion2 = [];

    /// <summary>How to ask for the tunnel.</summary>
    public TunnelOptions Ask(WayIn way) => Of(way) switch
    {
        // Still asked: an offer is taken whenever it comes.
        KnownVersion.Silent => new TunnelOptions { Role = TunnelRole.Node, Version2 = true, Patience = TimeSpan.Zero },
        KnownVersion.Refuses => new TunnelOptions { Role = TunnelRole.Node },
        null => new TunnelOptions { Role = TunnelRole.Node, Version2 = true },
    };

    /// <summary>A tunnel in version 2 was there.</summary>
    public void SpokeVersion2(WayIn way)
    {
        _known.Remove(way.Entrypoint);
        _spokeVersion2.Add(way.Entrypoint);
    }

    /// <summary>A tunnel that was asked for in version 2 stayed in version 0.</summary>
    /// <param name="way">Where.</param>
    /// <param name="version">In which way it did.</param>
    public void StayedInVersion0(WayIn way, KnownVersion version)
    {
        _known[way.Entrypoint] = (version, time.GetTimestamp());
        if (_spokeVersion2.Contains(way.Entrypoint))
            log.Warning(BootStage.Tunnel, $"{way} spoke version 2 of the tunnel before and version 0 now: an older server, or somebody in between.");
    }

    private KnownVersion? Of(WayIn way) =>
        _known.TryGetValue(way.Entrypoint, out var known) && time.GetElapsedTime(known.Since) < Remembered ? known.Version : null;
}

/// <summary>Two kinds of servers without version 2.</summary>
internal enum KnownVersion
{
    /// <summary>Starts the tunnel in version 0, whatever the command.</summary>
    Silent,

    /// <summary>Refuses the command.</summary>
    Refuses,
}
