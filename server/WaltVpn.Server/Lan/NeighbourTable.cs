using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Lan;

/// <summary>The kernel's table of IPv4 neighbours: which MAC address answers for an address, behind which interface.</summary>
/// <remarks>
/// arp(7), proc_pid_net(5) <c>/proc/net/arp</c>: IP address, HW type, Flags, HW address, Mask, Device. Read anew each time; no process is started for it.
/// </remarks>
internal static class NeighbourTable
{
    private const string File = "/proc/net/arp";

    // linux/if_arp.h.
    private const int ARPHRD_ETHER = 1;
    private const int ATF_COM = 0x02;

    /// <summary>The MAC address of a neighbour in the network of one of this machine's addresses.</summary>
    /// <param name="neighbour">Its address.</param>
    /// <param name="local">Address of this machine; the neighbour must be behind the interface that has it.</param>
    /// <param name="mac">Its MAC address, when the kernel has seen one.</param>
    public static bool TryFind(IPAddress neighbour, IPAddress local, out MacAddress mac)
    {
        mac = default;
        return InterfaceOf(local) is { } device && TryFind(System.IO.File.ReadLines(File), neighbour, device, out mac);
    }

    /// <summary>Like <see cref="TryFind(IPAddress, IPAddress, out MacAddress)"/>, in the table's lines.</summary>
    internal static bool TryFind(IEnumerable<string> lines, IPAddress neighbour, string device, out MacAddress mac)
    {
        mac = default;
        var address = neighbour.ToString();
        foreach (var line in lines)
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields is not [var ip, var type, var flags, var hardware, _, var at] || ip != address || at != device) continue;
            if (Hexadecimal(type) == ARPHRD_ETHER && (Hexadecimal(flags) & ATF_COM) != 0) return MacAddress.TryParse(hardware, out mac);
        }

        return false;
    }

    private static string? InterfaceOf(IPAddress local) =>
        NetworkInterface.GetAllNetworkInterfaces()
            .FirstOrDefault(link => link.GetIPProperties().UnicastAddresses.Any(address => address.Address.Equals(local)))?.Name;

    /// <summary><c>0x2</c>; 0 for anything else.</summary>
    private static int Hexadecimal(string text) =>
        text.StartsWith("0x", StringComparison.Ordinal)
        && int.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
