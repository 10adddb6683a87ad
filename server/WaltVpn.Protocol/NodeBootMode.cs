namespace WaltVpn.Protocol;

/// <summary>What a node may boot from now on, in the body of <c>POST /api/v1/nodes/{id}/boot-mode</c>.</summary>
public sealed record NodeBootMode
{
    /// <summary>Null: what the server's settings say for all.</summary>
    public BootMode? Mode { get; init; }
}
