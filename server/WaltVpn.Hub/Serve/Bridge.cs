using System.Buffers.Binary;
using System.Security.Cryptography;
using WaltVpn.Hub.Rules;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Serve;

/// <summary>The platform's bridge, and the TAP of each node as a port of it.</summary>
internal sealed class Bridge : IDisposable
{
    // One node, one station behind the port: the kernel holds the address rule a second time (docs/security.md L2-5).
    private static readonly BridgePort NodePort = new() { Learning = false, Locked = true, Isolated = true };
    private readonly Rtnetlink _rtnetlink = new();
    private readonly string _name;

    /// <param name="name">Made, and switched on, when there is none.</param>
    public Bridge(string name)
    {
        _name = name;
        Ensure();
    }

    /// <summary>Name of a node's TAP: "wn-" and the first 48 bits of its id, which are random.</summary>
    public static string TapName(string nodeId) => $"{KernelRules.PortPrefix}{nodeId[..Math.Min(12, nodeId.Length)]}";

    /// <summary>Makes the node's TAP and joins it to the bridge. It goes away when the descriptor is closed.</summary>
    /// <returns>The TAP, non-blocking and owned by the caller; and the bridge it joined, as <see cref="FindIndex"/> numbers it.</returns>
    /// <exception cref="ErrnoException">EBUSY: the node has one already.</exception>
    public (FileDescriptor Tap, int Bridge) OpenPort(string tapName, MacAddress vpnMac)
    {
        // Before the TAP joins: if the bridge is another by then, the hub ends this tunnel too soon, not never.
        var bridge = Ensure();
        var tap = Tap.Open(tapName, TapWaiting.NonBlocking, TapFrames.WithHeader);
        try
        {
            Span<byte> mac = stackalloc byte[MacAddress.Length];
            ChooseMac(vpnMac, mac);
            _rtnetlink.SetMacAddress(tapName, mac);
            _rtnetlink.SetMtu(tapName, TunnelFrame.Mtu);
            _rtnetlink.DisableAutomaticAddress(tapName);
            _rtnetlink.JoinBridge(tapName, _name);
            _rtnetlink.SetBridgePort(tapName, NodePort);
            vpnMac.CopyTo(mac);
            _rtnetlink.AddStation(tapName, mac);
            _rtnetlink.LinkUp(tapName);
            return (tap, bridge);
        }
        catch (ErrnoException)
        {
            tap.Dispose();
            throw;
        }
    }

    /// <summary>Index of the interface that is the bridge now; 0 when there is none. A bridge made anew has another, and none of the ports.</summary>
    public int FindIndex() => _rtnetlink.FindLink(_name) is { Kind: "bridge" } bridge ? bridge.Index : 0;

    /// <summary>Is it an address of the server itself on the bridge?</summary>
    /// <param name="address">In network order read big-endian.</param>
    public bool Owns(uint address)
    {
        try
        {
            return _rtnetlink.GetAddresses(_name).Any(own => BinaryPrimitives.ReadUInt32BigEndian(own.Address.GetAddressBytes()) == address);
        }
        catch (ErrnoException gone) when (gone.Errno == Errno.ENODEV)
        {
            // No bridge, no addresses; the tunnels end at the next tick.
            return false;
        }
    }

    public void Dispose() => _rtnetlink.Dispose();

    private int Ensure()
    {
        if (FindIndex() is not 0 and var index) return index;
        Span<byte> mac = stackalloc byte[MacAddress.Length];
        RandomNumberGenerator.Fill(mac);
        mac[0] = 0x02;
        _rtnetlink.CreateBridge(_name, mac);
        _rtnetlink.LinkUp(_name);
        Log.Notice($"bridge {_name} made");
        return FindIndex();
    }

    // The TAP is a station of its own to the bridge, so it must not be the node. FE as first byte: higher than any card's, so that a bridge that
    // takes its lowest port's address keeps the one it has.
    private static void ChooseMac(MacAddress vpnMac, Span<byte> mac)
    {
        do
        {
            RandomNumberGenerator.Fill(mac);
            mac[0] = 0xFE;
        }
        while (MacAddress.FromBytes(mac) == vpnMac);
    }
}
