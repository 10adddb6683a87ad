namespace WaltVpn.Linux;

/// <summary>What a bridge lets through at one of its ports: bridge(8).</summary>
public sealed record BridgePort
{
    /// <summary>Source addresses seen here enter the forwarding table.</summary>
    public required bool Learning { get; init; }

    /// <summary>Only frames from a station that the forwarding table has at this port pass.</summary>
    public required bool Locked { get; init; }

    /// <summary>No frame passes to or from another isolated port.</summary>
    public required bool Isolated { get; init; }
}
