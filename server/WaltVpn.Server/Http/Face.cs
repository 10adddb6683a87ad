namespace WaltVpn.Server.Http;

/// <summary>The daemon's HTTP faces, told apart by the listening socket and by nothing the client says (docs/security.md HTTP-1).</summary>
internal enum Face
{
    /// <summary>TCP: anybody.</summary>
    Public,

    /// <summary>TCP on the server's address in the platform's own network: boards of WalT.</summary>
    Lan,

    /// <summary>The UNIX socket: operators.</summary>
    Administration,
}
