using System.Net;
using System.Net.Sockets;

namespace WaltVpn.Server.Http;

/// <summary>What counts as one caller, or as one site, when requests are counted.</summary>
internal static class CallerPrefix
{
    /// <summary>One machine: an IPv4 address, or the IPv6 network of 64 bits that it may choose any address of (RFC 4291 section 2.5.1).</summary>
    public static IPNetwork Machine(IPAddress address) => Of(address, 32, 64);

    /// <summary>One site: 24 bits of IPv4, 48 of IPv6 (RFC 6177).</summary>
    public static IPNetwork Site(IPAddress address) => Of(address, 24, 48);

    private static IPNetwork Of(IPAddress address, int bitsOfIpv4, int bitsOfIpv6)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        var bits = address.AddressFamily == AddressFamily.InterNetwork ? bitsOfIpv4 : bitsOfIpv6;
        var bytes = address.GetAddressBytes();
        for (var bit = bits; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), bits);
    }
}
