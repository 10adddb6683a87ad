using System.Net;

namespace WaltVpn.Server.Settings;

/// <summary>The face towards the platform's own network (docs/protocol.md "WalT's HTTP protocol").</summary>
/// <param name="EndPoint">An IPv4 address of this machine inside the platform's subnet, never a wildcard.</param>
/// <param name="LeaseFile">Leases of dnsmasq that a caller's address and MAC address must stand in; null: not looked at.</param>
internal sealed record LanSettings(IPEndPoint EndPoint, string? LeaseFile);
