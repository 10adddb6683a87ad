using WaltVpn.Protocol;

namespace WaltVpn.Tunnel;

/// <summary>Which end of a tunnel this is, and what was agreed before its first byte.</summary>
public sealed record TunnelOptions
{
    /// <summary>The node's end or the server's.</summary>
    public required TunnelRole Role { get; init; }

    /// <summary>The node asked for version 2 (<see cref="TunnelCommand.Version2"/>); else both ends speak version 0.</summary>
    public bool Version2 { get; init; }

    /// <summary>After how long without a sign of life the peer is taken for dead; the shorter of both ends' counts.</summary>
    public TimeSpan DeadAfter { get; init; } = TunnelHello.DefaultDeadAfter;

    /// <summary>How long the node's end waits for the server's offer before it sends frames in version 0. An offer that comes later is taken too.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>The two ends of a tunnel.</summary>
public enum TunnelRole
{
    /// <summary>The node: asks, and accepts an offer.</summary>
    Node,

    /// <summary>The server: offers when it was asked.</summary>
    Server,
}
