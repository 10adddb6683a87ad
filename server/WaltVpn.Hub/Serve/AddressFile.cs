using System.Globalization;
using System.Net;
using WaltVpn.Hub.Dhcp;

namespace WaltVpn.Hub.Serve;

/// <summary>
/// One VPN MAC's leases in a file named by its digits, one per line, oldest first: address, server, when it was given (UTC), for how many seconds.
/// </summary>
internal static class AddressFile
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>Reads what can be read; a line that cannot is no lease.</summary>
    /// <param name="path">The file.</param>
    /// <param name="openedAt">The time of day when the clock of <see cref="Lease.Since"/> stood at zero; that is now.</param>
    public static IEnumerable<Lease> Read(string path, DateTimeOffset openedAt)
    {
        foreach (var line in File.ReadLines(path))
        {
            if (line.Split(' ') is not [var addressText, var serverText, var timeText, var secondsText]) continue;
            if (!TryParse(addressText, out var address) || !TryParse(serverText, out var server)) continue;
            if (!DateTimeOffset.TryParseExact(timeText, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var given)) continue;
            if (!uint.TryParse(secondsText, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) continue;
            // Given in the future: the clock was set back. It counts as given now, so that no clock makes a lease longer than it was.
            yield return new Lease(address, server, seconds, given < openedAt ? given - openedAt : TimeSpan.Zero);
        }
    }

    /// <summary>Writes the file anew, whole or not at all; without leases there is none.</summary>
    public static void Write(string path, IReadOnlyList<Lease> leases, DateTimeOffset openedAt)
    {
        if (leases.Count == 0)
        {
            File.Delete(path);
            return;
        }

        File.WriteAllLines(path + ".new", leases.Select(lease => Line(lease, openedAt)));
        File.Move(path + ".new", path, overwrite: true);
    }

    private static string Line(Lease lease, DateTimeOffset openedAt)
    {
        var given = (openedAt + lease.Since).UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{AddressBook.Text(lease.Address)} {AddressBook.Text(lease.Server)} {given} {lease.Seconds}");
    }

    private static bool TryParse(string text, out uint address)
    {
        address = 0;
        if (!IPAddress.TryParse(text, out var parsed) || parsed.GetAddressBytes() is not [var a, var b, var c, var d]) return false;
        address = ((uint)a << 24) | ((uint)b << 16) | ((uint)c << 8) | d;
        return true;
    }
}
