namespace WaltVpn.Protocol;

/// <summary>What a node may ask for as SSH command. The server compares the whole text; anything else is refused (docs/security.md SSH-4).</summary>
/// <remarks>docs/protocol.md "SSH commands".</remarks>
public static class TunnelCommand
{
    /// <summary>No command: the tunnel in version-0 framing, as WalT's nodes ask for it.</summary>
    public const string Version0 = "";

    /// <summary>Asks for the tunnel in version 2. A server that has only version 0 answers in version 0.</summary>
    public const string Version2 = "waltvpn-tunnel 2";

    /// <summary>WalT: prints <c>OK</c> and exits 0 when the connection comes from inside the platform's network, else <c>FAILED</c> and 1.</summary>
    public const string CheckInWaltNet = "check-in-walt-net";

    /// <summary>WalT: prints the server's fully qualified name.</summary>
    public const string GetServerHostname = "get-server-hostname";

    /// <summary>Asks for the node's settings: prints one line, a <see cref="SettingsDocument"/>.</summary>
    public const string Settings = "waltvpn-settings 1";
}
