using System.Buffers.Binary;

namespace WaltVpn.Hub.Dhcp;

/// <summary>Finds the DHCP message in an Ethernet frame.</summary>
internal static class DhcpFrame
{
    /// <summary>UDP port of servers and relays.</summary>
    public const ushort ServerPort = 67;

    /// <summary>UDP port of clients.</summary>
    public const ushort ClientPort = 68;

    private const int EthernetHeader = 14;
    private const int MinIpv4Header = 20;
    private const int UdpHeader = 8;

    /// <summary>Reads a message that is whole in one frame.</summary>
    /// <param name="frame">Ethernet without FCS.</param>
    /// <param name="ports">Where it comes from and goes to.</param>
    /// <param name="source">IPv4 address of who sent it.</param>
    /// <param name="message">The message.</param>
    public static bool TryRead(ReadOnlySpan<byte> frame, (ushort From, ushort To) ports, out uint source, out DhcpMessage message)
    {
        source = 0;
        message = default;
        if (frame.Length < EthernetHeader + MinIpv4Header + UdpHeader || BinaryPrimitives.ReadUInt16BigEndian(frame[12..]) != 0x0800) return false;
        var packet = frame[EthernetHeader..];
        var header = (packet[0] & 0x0F) * 4;
        var total = BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        if (packet[0] >> 4 != 4 || header < MinIpv4Header || total < header + UdpHeader || total > packet.Length || packet[9] != 17) return false;
        // Not a fragment.
        if ((BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0) return false;
        var udp = packet[header..total];
        if (BinaryPrimitives.ReadUInt16BigEndian(udp) != ports.From || BinaryPrimitives.ReadUInt16BigEndian(udp[2..]) != ports.To) return false;
        source = BinaryPrimitives.ReadUInt32BigEndian(packet[12..]);
        return TryReadDatagram(udp, out message);
    }

    /// <summary>Reads the message in a UDP datagram.</summary>
    /// <param name="udp">All that IPv4 carries; a length of its own that says otherwise would show the server another message than us.</param>
    /// <param name="message">The message.</param>
    public static bool TryReadDatagram(ReadOnlySpan<byte> udp, out DhcpMessage message)
    {
        message = default;
        return udp.Length >= UdpHeader && BinaryPrimitives.ReadUInt16BigEndian(udp[4..]) == udp.Length && DhcpMessage.TryRead(udp[UdpHeader..], out message);
    }
}
