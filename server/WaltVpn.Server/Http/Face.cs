namespace WaltVpn.Server.Http;

/// <summary>The daemon's HTTP faces, told apart by the listening socket and by nothing the client says (docs/security.md HTTP-1).</summary>
internal enum Face
{
    /// <summary>TCP: anybody.</summary>
    Public,

    /// <summary>The UNIX socket: operators.</summary>
    Administration,
}
