using WaltVpn.Agent.Tunnel;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Guests;

/// <summary>The wire between tunnel and guest: bridge <c>walt-net</c> with TAP <c>walt-vpn</c> and the guest's TAP.</summary>
/// <remarks>
/// The guest is the node's one station on the platform's network: it has the VPN MAC, by which the server knows the node and binds its port
/// (docs/security.md L2-5). The board itself has no address there while the guest runs: neither the platform nor the guest can reach it by that way.
/// </remarks>
internal static class GuestNetwork
{
    /// <summary>WalT's name.</summary>
    public const string Bridge = "walt-net";

    /// <summary>The board's end of the guest's network card; QEMU makes it.</summary>
    public const string Tap = "walt-guest";

    // Locally administered, for one station each: the first byte of 52:54:00 with other bits for what is no station.
    private const byte PlugByte = 0x56, BridgeByte = 0x5A;

    /// <summary>Makes the bridge and puts the tunnel's end into it. The TAP takes another MAC: a bridge keeps its ports' own addresses to itself.</summary>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static void Prepare(TunnelSupervisor tunnel)
    {
        Span<byte> mac = stackalloc byte[MacAddress.Length];
        tunnel.Identity.VpnMac.CopyTo(mac);
        mac[0] = PlugByte;
        tunnel.BecomePlug(MacAddress.FromBytes(mac));
        mac[0] = BridgeByte;
        using var kernel = new Rtnetlink();
        kernel.CreateBridge(Bridge, mac);
        foreach (var name in (ReadOnlySpan<string>)[Bridge, TunnelSupervisor.InterfaceName]) kernel.DisableAutomaticAddress(name);
        kernel.JoinBridge(TunnelSupervisor.InterfaceName, Bridge);
        kernel.LinkUp(Bridge);
    }

    /// <summary>Plugs the guest in, once its TAP is there.</summary>
    /// <exception cref="ErrnoException">ENODEV: it is not.</exception>
    public static void PlugIn()
    {
        using var kernel = new Rtnetlink();
        kernel.DisableAutomaticAddress(Tap);
        kernel.SetMtu(Tap, TunnelFrame.Mtu);
        kernel.JoinBridge(Tap, Bridge);
        kernel.LinkUp(Tap);
    }
}
