using System.Globalization;
using System.Net;
using System.Net.Sockets;
using WaltVpn.Agent.Network;
using WaltVpn.Agent.WaltHttp;

namespace WaltVpn.Agent.Guests;

/// <summary>Where the platform has the virtual machine's image: the folder with its boot.sig and boot.img, over HTTP.</summary>
/// <param name="Server">Scheme http; an IPv4 address.</param>
/// <param name="Path">Of the folder; begins and does not end with a slash, or is empty.</param>
internal sealed record GuestSource(Uri Server, string Path)
{
    private const int LongestPath = 256;
    private const string ImageName = "/boot.img";

    /// <summary>The server's address.</summary>
    public IPAddress Address => IPAddress.Parse(Server.Host);

    /// <summary>
    /// Reads what DHCP says: <c>http://ADDRESS[:PORT]/PATH</c>, or <c>/PATH</c> at DHCP's next server, with or without <c>boot.img</c> at its end.
    /// </summary>
    /// <param name="lease">The platform's DHCP answer: foreign text.</param>
    /// <returns>The place; or null, and why there is none.</returns>
    public static (GuestSource? Source, string Reason) Find(DhcpLease lease)
    {
        const string Remedy = "name the folder of the guest's boot.img as DHCP's boot file, like http://10.0.0.1/guest/boot.img";
        if (lease.BootFile is not { } text) return (null, $"the platform names no image for the virtual machine: {Remedy}");
        var said = $"DHCP's boot file '{WaltHttpClient.Printable(text)}'";
        var (server, path) = text.StartsWith('/') ? (FromLease(lease), text) : FromAddress(text);
        if (server is null)
            return (null, text.StartsWith('/') ? $"{said} names no server, and DHCP names no next server" : $"{said} is no address of an image: {Remedy}");
        var folder = path.EndsWith(ImageName, StringComparison.Ordinal) ? path[..^ImageName.Length] : path.TrimEnd('/');
        var plain = folder.Length <= LongestPath && folder.All(c => char.IsAsciiLetterOrDigit(c) || "/._~-".Contains(c, StringComparison.Ordinal));
        return plain ? (new GuestSource(server, folder), said) : (null, $"{said}: a path has letters, digits and /._~- only");
    }

    /// <inheritdoc/>
    public override string ToString() => $"http://{Server.Authority}{Path}{ImageName}";

    private static Uri? FromLease(DhcpLease lease) => (lease.NextServer ?? lease.DhcpServer) is { } server ? new Uri($"http://{server}:80") : null;

    // Names are looked up at the site, whom nobody asks where a platform's image is.
    private static (Uri? Server, string Path) FromAddress(string text)
    {
        const string Scheme = "http://";
        if (!text.StartsWith(Scheme, StringComparison.Ordinal)) return (null, "");
        var slash = text.IndexOf('/', Scheme.Length);
        if (slash < 0) return (null, "");
        var place = text[Scheme.Length..slash].Split(':');
        var port = "80";
        if (place is [_, var given]) port = given;
        var known = place.Length <= 2 && place[0].Count(c => c == '.') == 3 && IPAddress.TryParse(place[0], out var address)
            && address.AddressFamily == AddressFamily.InterNetwork && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
        return known ? (new Uri($"http://{place[0]}:{port}"), text[slash..]) : (null, "");
    }
}
