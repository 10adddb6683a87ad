using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using WaltVpn.Server.HubLink;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Enrollment;

/// <summary>Where a request came from, as sshd or the LAN face saw it.</summary>
/// <param name="Source">Address of the client: the node's, or its entrypoint's.</param>
/// <param name="IsLan">True when it came straight from the platform's own network.</param>
internal sealed record EnrollmentOrigin(IPAddress Source, bool IsLan)
{
    /// <summary>Longest relay line: two IPv6 addresses with zone, a space, a line feed; bytes.</summary>
    public const int MaxLineLength = 160;

    /// <summary>By which protocol.</summary>
    public EnrollmentWay Way { get; init; } = EnrollmentWay.Ssh;

    /// <summary>The database's word for <see cref="Way"/>.</summary>
    public string Word => WordOf(Way);

    /// <summary>The database's word for a way.</summary>
    public static string WordOf(EnrollmentWay way) => way switch
    {
        EnrollmentWay.Ssh => "ssh",
        EnrollmentWay.Http => "http",
    };

    /// <summary>Reads the relay's line, <c>&lt;client&gt; &lt;server&gt;</c> (docs/protocol.md "Enrolment relay").</summary>
    /// <exception cref="FormatException">It is not two IP addresses.</exception>
    public static EnrollmentOrigin Parse(string line, ServerSettings settings)
    {
        var words = line.Split(' ');
        if (words.Length != 2 || !IPAddress.TryParse(words[0], out var client) || !IPAddress.TryParse(words[1], out var server))
            throw new FormatException("the relay's first line is not two IP addresses");
        return Of(client, server, settings);
    }

    /// <summary>The origin of a connection.</summary>
    /// <param name="client">Its far end.</param>
    /// <param name="server">Its end at this machine.</param>
    /// <param name="settings">Name the platform's network.</param>
    public static EnrollmentOrigin Of(IPAddress client, IPAddress server, ServerSettings settings)
    {
        var source = Unmapped(client);
        return new EnrollmentOrigin(source, IsLanAddress(source, Unmapped(server), settings));
    }

    /// <summary>
    /// A node's own tunnel ends in the platform's network; who asks from there is as far away as the node, and so is everybody while the hub cannot say.
    /// </summary>
    public async Task<EnrollmentOrigin> OutsideTunnels(HubControl hub, CancellationToken cancel)
    {
        if (!IsLan) return this;
        try
        {
            return (await hub.NodeAddresses(cancel)).Contains(Source.ToString()) ? this with { IsLan = false } : this;
        }
        catch (HubException)
        {
            return this with { IsLan = false };
        }
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
