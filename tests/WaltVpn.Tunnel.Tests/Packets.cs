using System.Buffers.Binary;
using System.Net;
using WaltVpn.Protocol;

namespace WaltVpn.Tunnel.Tests;

/// <summary>Builds Ethernet frames for tests, innermost part first. Only IPv4's header checksum is filled in: a bridge with netfilter looks at it.</summary>
internal static class Packets
{
    public static readonly byte[] Broadcast = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

    /// <summary>Ethernet II.</summary>
    public static byte[] Ethernet(byte[] destination, byte[] source, int type, byte[] payload) => [.. destination, .. source, .. Big16(type), .. payload];

    /// <summary>One 802.1Q tag, then the inner type and payload: what stands behind type 0x8100.</summary>
    public static byte[] Tagged(int vlan, int type, byte[] payload) => [.. Big16(vlan), .. Big16(type), .. payload];

    public static byte[] Arp(int operation, byte[] senderMac, string sender, byte[] targetMac, string target) =>
        [0, 1, 8, 0, 6, 4, .. Big16(operation), .. senderMac, .. Address(sender), .. targetMac, .. Address(target)];

    /// <param name="protocol">17 UDP, 1 ICMP, 6 TCP.</param>
    /// <param name="source">Dotted.</param>
    /// <param name="destination">Dotted.</param>
    /// <param name="payload">What the packet carries.</param>
    /// <param name="fragment">Flags and offset, as the header holds them.</param>
    public static byte[] Ipv4(int protocol, string source, string destination, byte[] payload, int fragment = 0)
    {
        byte[] header =
            [0x45, 0, .. Big16(20 + payload.Length), 0, 1, .. Big16(fragment), 64, (byte)protocol, 0, 0, .. Address(source), .. Address(destination)];
        var sum = 0;
        for (var i = 0; i < header.Length; i += 2) sum += (header[i] << 8) | header[i + 1];
        while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
        Big16(~sum & 0xFFFF).CopyTo(header, 10);
        return [.. header, .. payload];
    }

    public static byte[] Udp(int from, int to, byte[] payload) => [.. Big16(from), .. Big16(to), .. Big16(8 + payload.Length), 0, 0, .. payload];

    /// <param name="operation">1 request, 2 reply.</param>
    /// <param name="type">Option 53: 1 discover, 2 offer, 3 request, 4 decline, 5 acknowledge, 7 release.</param>
    /// <param name="client">The client's hardware address.</param>
    /// <param name="yours">The address given.</param>
    /// <param name="options">More options, as they stand in the list.</param>
    /// <param name="had">The address the client says it has.</param>
    /// <param name="relay">The relay's address.</param>
    /// <param name="transaction">Number of the conversation.</param>
    public static byte[] Dhcp(
        int operation,
        int type,
        byte[] client,
        string yours = "0.0.0.0",
        byte[]? options = null,
        string had = "0.0.0.0",
        string relay = "0.0.0.0",
        int transaction = 0x1234)
    {
        var message = new byte[236];
        (message[0], message[1], message[2]) = ((byte)operation, 1, 6);
        Big16(transaction).CopyTo(message, 6);
        Address(had).CopyTo(message, 12);
        Address(yours).CopyTo(message, 16);
        Address(relay).CopyTo(message, 24);
        client.CopyTo(message, 28);
        return [.. message, 0x63, 0x82, 0x53, 0x63, 0, 12, 1, (byte)'x', 53, 1, (byte)type, .. options ?? [], 255];
    }

    /// <summary>A DHCP option whose value is an address: 50 requested, 54 server.</summary>
    public static byte[] AddressOption(int code, string address) => [(byte)code, 4, .. Address(address)];

    /// <summary>DHCP option 51.</summary>
    public static byte[] LeaseTime(uint seconds) => [51, 4, .. Big16((int)(seconds >> 16)), .. Big16((int)(seconds & 0xFFFF))];

    public static byte[] Ipv6(int next, string source, string destination, byte[] payload) =>
        [0x60, 0, 0, 0, .. Big16(payload.Length), (byte)next, 255, .. Address(source), .. Address(destination), .. payload];

    /// <summary>Neighbour solicitation (135) or advertisement (136).</summary>
    public static byte[] Neighbour(int type, string target, byte[] options) => [(byte)type, 0, 0, 0, 0, 0, 0, 0, .. Address(target), .. options];

    /// <summary>Link-layer address option: 1 source, 2 target.</summary>
    public static byte[] LinkOption(int type, byte[] mac) => [(byte)type, 1, .. mac];

    /// <summary>An extension header of 8 bytes, for hop-by-hop, routing and destination options.</summary>
    public static byte[] Extension(int next) => [(byte)next, 0, 1, 4, 0, 0, 0, 0];

    /// <summary>IPv6 fragment header; offset in bytes.</summary>
    public static byte[] FragmentHeader(int next, int offset, bool more) => [(byte)next, 0, .. Big16(offset | (more ? 1 : 0)), 0, 0, 0, 7];

    /// <summary>A broadcast that a station may send before it has an IPv4 address: UDP from its own IPv6 address, with a number in it.</summary>
    public static byte[] Marker(byte[] source, byte number) =>
        Ethernet(Broadcast, source, 0x86DD, Ipv6(17, LinkLocal(source), "ff02::1", Udp(9, 9, [.. MarkerText, number])));

    /// <summary>Recognizes the marker of that number.</summary>
    public static Func<byte[], bool> IsMarker(byte number) => frame => IsAnyMarker(frame) && frame[^1] == number;

    /// <summary>Recognizes markers.</summary>
    public static bool IsAnyMarker(byte[] frame) => frame.Length == 62 + MarkerText.Length + 1 && frame.AsSpan(62, MarkerText.Length).SequenceEqual(MarkerText);

    /// <summary>A station's link-local IPv6 address, made from its MAC (RFC 4291 appendix A).</summary>
    public static string LinkLocal(byte[] mac) =>
        new IPAddress([0xFE, 0x80, 0, 0, 0, 0, 0, 0, (byte)(mac[0] ^ 2), mac[1], mac[2], 0xFF, 0xFE, mac[3], mac[4], mac[5]]).ToString();

    /// <summary>The frame with its length in front.</summary>
    public static byte[] Record(byte[] frame) => [.. Big16(frame.Length), .. frame];

    public static byte[] Bytes(MacAddress mac)
    {
        var bytes = new byte[MacAddress.Length];
        mac.CopyTo(bytes);
        return bytes;
    }

    public static byte[] Big16(int value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)value);
        return bytes;
    }

    private static ReadOnlySpan<byte> MarkerText => "marker"u8;

    private static byte[] Address(string text) => IPAddress.Parse(text).GetAddressBytes();
}
