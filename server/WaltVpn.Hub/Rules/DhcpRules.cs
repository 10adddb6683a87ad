using System.Buffers.Binary;
using WaltVpn.Hub.Dhcp;

namespace WaltVpn.Hub.Rules;

/// <summary>DHCP (RFC 2131) from a node: a client that speaks for itself, so that no server takes it for another and gives it that one's lease.</summary>
internal sealed class DhcpRules
{
    /// <summary>255.255.255.255.</summary>
    public const uint Broadcast = 0xFFFF_FFFF;

    private readonly ulong _mac;
    private readonly NodeAddresses _addresses;
    private readonly byte[] _clientIdentifier = new byte[7];

    public DhcpRules(ulong mac, NodeAddresses addresses)
    {
        (_mac, _addresses) = (mac, addresses);
        // Hardware type 1, then the address: RFC 2132, 9.14.
        _clientIdentifier[0] = 1;
        BinaryPrimitives.WriteUInt16BigEndian(_clientIdentifier.AsSpan(1), (ushort)(mac >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(_clientIdentifier.AsSpan(3), (uint)mac);
    }

    /// <summary>Judges a whole datagram to a server's port.</summary>
    /// <param name="udp">From its ports on.</param>
    /// <param name="destination">Where IPv4 brings it.</param>
    public FrameVerdict Judge(ReadOnlySpan<byte> udp, uint destination)
    {
        if (!DhcpFrame.TryReadDatagram(udp, out var message)) return FrameVerdict.Malformed;
        if (destination != Broadcast && !_addresses.IsServer(destination)) return FrameVerdict.ForeignDhcp;
        return IsOfThisClient(message) && IsAboutItsOwn(message) ? FrameVerdict.Pass : FrameVerdict.ForeignDhcp;
    }

    // A server knows its clients by option 61 where there is one, else by chaddr (RFC 2131, 4.2), and by what relays say of them.
    // Options in the fields for names could hide a second 61.
    private bool IsOfThisClient(DhcpMessage message) =>
        message.Operation == 1 && message.ClientMac == _mac && message.RelayAddress == 0 && !message.Options.NameRelay && !message.Options.AreOverloaded
        && (message.Options.ClientIdentifier.IsEmpty || message.Options.ClientIdentifier.SequenceEqual(_clientIdentifier));

    private bool IsAboutItsOwn(DhcpMessage message) => message.Options.Type switch
    {
        DhcpMessageType.Discover or DhcpMessageType.Request or DhcpMessageType.Inform => true,
        DhcpMessageType.Release => _addresses.Contains(message.ClientAddress),
        // Neither what servers say nor DECLINE: a server shuns a declined address, and a node could have it shun all.
        _ => false,
    };
}
