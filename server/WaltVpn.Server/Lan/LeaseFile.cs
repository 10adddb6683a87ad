using System.Net;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Lan;

/// <summary>The leases dnsmasq gave: a line each, <c>end MAC address name client-id</c>.</summary>
/// <remarks>
/// dnsmasq(8) <c>--dhcp-leasefile</c>. The end is not looked at: dnsmasq takes a lease away by itself, and that the address is alive says the neighbour table.
/// </remarks>
internal static class LeaseFile
{
    /// <summary>True when that address was leased to that MAC address.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public static bool Has(string file, IPAddress address, MacAddress mac) => Has(File.ReadLines(file), address, mac);

    /// <inheritdoc cref="Has(string, IPAddress, MacAddress)"/>
    internal static bool Has(IEnumerable<string> lines, IPAddress address, MacAddress mac)
    {
        var leased = address.ToString();
        return lines.Select(line => line.Split(' ')).Any(fields =>
            fields.Length >= 4 && fields[2] == leased && MacAddress.TryParse(fields[1], out var holder) && holder == mac);
    }
}
