using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace WaltVpn.Agent.Network;

/// <summary>What a DHCP server gave (RFC 2131, RFC 2132).</summary>
/// <param name="Address">The node's IPv4 address.</param>
/// <param name="PrefixLength">Bits of the subnet, 1..32.</param>
/// <param name="Router">First of option 3; null when the server named none.</param>
/// <param name="NameServers">Option 6.</param>
/// <param name="Domain">Option 15, a host name by its grammar; null otherwise.</param>
/// <param name="Life">Option 51, from when it was given; zero when the server did not say.</param>
internal sealed record DhcpLease(IPAddress Address, int PrefixLength, IPAddress? Router, IReadOnlyList<IPAddress> NameServers, string? Domain, TimeSpan Life)
{
    /// <summary>Reads the variables udhcpc hands to its script. What a server sent is foreign text: each value is parsed by type, the rest dropped.</summary>
    public static bool TryRead(IReadOnlyDictionary<string, string> variables, [NotNullWhen(true)] out DhcpLease? lease)
    {
        lease = null;
        if (Addresses(variables.GetValueOrDefault("ip")) is not [var address]) return false;
        var mask = variables.GetValueOrDefault("mask");
        if (!int.TryParse(mask, NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) || prefix is < 1 or > 32) return false;
        var domain = variables.GetValueOrDefault("domain")?.ToLowerInvariant();
        var seconds = uint.TryParse(variables.GetValueOrDefault("lease"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 0;
        lease = new DhcpLease(
            address,
            prefix,
            Addresses(variables.GetValueOrDefault("router")).FirstOrDefault(),
            Addresses(variables.GetValueOrDefault("dns")),
            domain is not null && Protocol.SshEntrypoint.IsHostName(domain) ? domain : null,
            TimeSpan.FromSeconds(seconds));
        return true;
    }

    /// <summary>True when an address may be meant in either network.</summary>
    public bool Overlaps(DhcpLease other)
    {
        var prefix = Math.Min(PrefixLength, other.PrefixLength);
        return new IPNetwork(Masked(Address, prefix), prefix).Contains(other.Address);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{PrefixLength}";

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        var bits = BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) & (uint.MaxValue << (32 - prefix));
        return new IPAddress([(byte)(bits >> 24), (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits]);
    }

    private static List<IPAddress> Addresses(string? text) =>
    [
        .. (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => IPAddress.TryParse(part, out var address) && address.AddressFamily == AddressFamily.InterNetwork ? address : null)
            .OfType<IPAddress>(),
    ];
}
