using WaltVpn.Hub.Rules;
using WaltVpn.Hub.Serve;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Dhcp;

/// <summary>Learns one node's addresses from what it and the platform's DHCP servers say to each other: docs/protocol.md "Address rules".</summary>
internal sealed class DhcpSnooping
{
    private readonly ExpectedNode _node;
    private readonly AddressBook _book;
    private readonly Func<uint, bool> _isPlatforms;
    private readonly ulong _mac;

    /// <param name="node">Whose conversations.</param>
    /// <param name="book">Where its leases stand.</param>
    /// <param name="isPlatforms">Says whether an address is one of the platform's own, which no node gets.</param>
    public DhcpSnooping(ExpectedNode node, AddressBook book, Func<uint, bool> isPlatforms)
    {
        (_node, _book, _isPlatforms, Addresses) = (node, book, isPlatforms, book.Of(node.VpnMac));
        Span<byte> mac = stackalloc byte[MacAddress.Length];
        node.VpnMac.CopyTo(mac);
        _mac = AddressRules.Mac(mac);
    }

    /// <summary>What the node may use; lives on and changes.</summary>
    public NodeAddresses Addresses { get; }

    /// <summary>Reads a frame from the node that obeyed the rules.</summary>
    public void FromNode(ReadOnlySpan<byte> frame)
    {
        if (!DhcpFrame.TryRead(frame, (DhcpFrame.ClientPort, DhcpFrame.ServerPort), out _, out var message)) return;
        switch (message.Options.Type)
        {
            case DhcpMessageType.Discover or DhcpMessageType.Request:
                Addresses.Pending.Note(message.Transaction, _book.Now);
                break;
            case DhcpMessageType.Release:
                _book.Forget(_node.VpnMac, message.ClientAddress);
                break;
        }
    }

    /// <summary>Reads a frame from the bridge before the node gets it, so that the node may use its address at once.</summary>
    public void ToNode(ReadOnlySpan<byte> frame)
    {
        if (!DhcpFrame.TryRead(frame, (DhcpFrame.ServerPort, DhcpFrame.ClientPort), out var source, out var message)) return;
        if (message.Operation != 2 || message.Options.Type != DhcpMessageType.Acknowledge || message.ClientMac != _mac) return;
        if (!Addresses.Pending.Contains(message.Transaction, _book.Now)) return;
        var (address, server) = (message.YourAddress, message.Options.Server == 0 ? source : message.Options.Server);
        if (!IsOfAStation(address) || address == source || address == server) return;
        if (!Addresses.Contains(address) && _isPlatforms(address)) return;
        var isNew = _book.Learn(_node.VpnMac, address, server, message.Options.LeaseSeconds ?? Lease.DefaultSeconds);
        if (isNew) Log.Info($"node {_node.NodeId}: DHCP gave {AddressBook.Text(address)}");
    }

    // First byte 1..223 but 127.
    private static bool IsOfAStation(uint address) => (address >> 24) is > 0 and < 224 and not 127;
}
