using System.Net;

namespace WaltVpn.Agent.HandOff;

/// <summary>The NFS export that is to be the node's root.</summary>
/// <param name="Server">IPv4 address.</param>
/// <param name="Path">Absolute path on the server, printable ASCII.</param>
/// <param name="Options">The platform's.</param>
internal sealed record RootSpec(IPAddress Server, string Path, NfsOptions Options)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Server}:{Path}";
}
