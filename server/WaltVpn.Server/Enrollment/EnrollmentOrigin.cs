using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Enrollment;

/// <summary>Where a request came from, as sshd saw it.</summary>
/// <param name="Source">Address of the SSH client: the node's, or its entrypoint's.</param>
/// <param name="IsLan">True when it came straight from the platform's own network.</param>
internal sealed record EnrollmentOrigin(IPAddress Source, bool IsLan)
{
    /// <summary>Longest relay line: two IPv6 addresses with zone, a space, a line feed; bytes.</summary>
    public const int MaxLineLength = 160;

    /// <summary>Reads the relay's line, <c>&lt;client&gt; &lt;server&gt;</c> (docs/protocol.md "Enrolment relay").</summary>
    /// <exception cref="FormatException">It is not two IP addresses.</exception>
    public static EnrollmentOrigin Parse(string line, ServerSettings settings)
    {
        var words = line.Split(' ');
        if (words.Length != 2 || !IPAddress.TryParse(words[0], out var client) || !IPAddress.TryParse(words[1], out var server))
            throw new FormatException("the relay's first line is not two IP addresses");
        var source = Unmapped(client);
        return new EnrollmentOrigin(source, IsLanAddress(source, Unmapped(server), settings));
    }

    /// <summary>
    /// Inside the platform's network and not one of the server's own addresses: what comes from those went through a relay on the server
    /// and may have come from anywhere (docs/security.md LEG-2).
    /// </summary>
    private static bool IsLanAddress(IPAddress client, IPAddress server, ServerSettings settings) =>
        settings.PlatformSubnet is { } subnet && subnet.Contains(client) && !client.Equals(server) && !OwnAddresses().Contains(client);

    private static HashSet<IPAddress> OwnAddresses() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(address => Unmapped(address.Address))
            .ToHashSet();

    private static IPAddress Unmapped(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 && address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
