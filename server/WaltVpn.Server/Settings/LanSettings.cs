using System.Net;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Settings;

/// <summary>The face towards the platform's own network (docs/protocol.md "WalT's HTTP protocol").</summary>
/// <param name="EndPoint">An IPv4 address of this machine inside the platform's subnet, never a wildcard.</param>
/// <param name="LeaseFile">Leases of dnsmasq that a caller's address and MAC address must stand in; null: not looked at.</param>
internal sealed record LanSettings(IPEndPoint EndPoint, string? LeaseFile)
{
    /// <summary>Where WalT's boards reach SSH, when that is a proxy that ends their sessions; null: where all nodes do.</summary>
    public SshEntrypoint? SshEntrypoint { get; init; }

    /// <summary>Files with the public SSH host keys of <see cref="SshEntrypoint"/>; empty with it: the server's own.</summary>
    public IReadOnlyList<string> HostKeyFiles { get; init; } = [];
}
