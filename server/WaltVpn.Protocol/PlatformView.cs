namespace WaltVpn.Protocol;

/// <summary>The server's name and where nodes find it, as the operator sees it.</summary>
public sealed record PlatformView
{
    /// <summary>The server's fully qualified name, as <c>GET /walt-vpn/server</c> tells it.</summary>
    public required string ServerName { get; init; }

    /// <summary>TCP port of the public face.</summary>
    public required int HttpPort { get; init; }

    /// <summary>The host that boards fetch their boot files from; null: not set.</summary>
    public string? HttpEntrypoint { get; init; }

    /// <summary>The CA's public key, <c>type base64</c>; null when the server cannot read it.</summary>
    public string? CaPublicKey { get; init; }
}
