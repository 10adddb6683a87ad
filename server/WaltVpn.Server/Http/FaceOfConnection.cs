using System.Net;

namespace WaltVpn.Server.Http;

/// <summary>What a listening socket puts on each of its connections.</summary>
/// <param name="Face">The socket's.</param>
/// <param name="Peer">The far end of the TCP connection, whatever headers say; None on a UNIX socket.</param>
internal sealed record FaceOfConnection(Face Face, IPAddress Peer);
