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
    /// <summary>Option 12, a host name by its grammar; null otherwise.</summary>
    public string? HostName { get; private init; }

    /// <summary>Option 17, as it came: foreign text; null when there is none.</summary>
    public string? RootPath { get; private init; }

    /// <summary>The boot file's name (RFC 2131 <c>file</c>, or option 67), as it came: foreign text; null when there is none.</summary>
    public string? BootFile { get; private init; }

    /// <summary>siaddr, the next server of a boot; null when none.</summary>
    public IPAddress? NextServer { get; private init; }

    /// <summary>Option 54, who gave the lease; null when it did not say.</summary>
    public IPAddress? DhcpServer { get; private init; }

    /// <summary>Reads the variables udhcpc hands to its script. What a server sent is foreign text: each value is parsed by type, the rest dropped.</summary>
    public static bool TryRead(IReadOnlyDictionary<string, string> variables, [NotNullWhen(true)] out DhcpLease? lease)
    {
        lease = null;
        if (Addresses(variables.GetValueOrDefault("ip")) is not [var address]) return false;
        var mask = variables.GetValueOrDefault("mask");
        if (!int.TryParse(mask, NumberStyles.None, CultureInfo.InvariantCulture, out var prefix) || prefix is < 1 or > 32) return false;
        var seconds = uint.TryParse(variables.GetValueOrDefault("lease"), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : 0;
        lease = new DhcpLease(
            address,
            prefix,
            Addresses(variables.GetValueOrDefault("router")).FirstOrDefault(),
            Addresses(variables.GetValueOrDefault("dns")),
            HostNameIn(variables.GetValueOrDefault("domain")),
            TimeSpan.FromSeconds(seconds))
        {
            HostName = HostNameIn(variables.GetValueOrDefault("hostname")),
            RootPath = variables.GetValueOrDefault("rootpath") is { Length: > 0 } path ? path : null,
            BootFile = (variables.GetValueOrDefault("bootfile") ?? variables.GetValueOrDefault("boot_file")) is { Length: > 0 } file ? file : null,
            NextServer = Addresses(variables.GetValueOrDefault("siaddr")).FirstOrDefault(),
            DhcpServer = Addresses(variables.GetValueOrDefault("serverid")).FirstOrDefault(),
        };
        return true;
    }

    /// <summary>True when an address may be meant in either network.</summary>
    public bool Overlaps(DhcpLease other)
    {
        var prefix = Math.Min(PrefixLength, other.PrefixLength);
        return new IPNetwork(Masked(Address, prefix), prefix).Contains(other.Address);
    }

    /// <summary>True when the address is in the lease's own network.</summary>
    public bool IsNeighbour(IPAddress address) => new IPNetwork(Masked(Address, PrefixLength), PrefixLength).Contains(address);

    /// <inheritdoc/>
    public override string ToString() => $"{Address}/{PrefixLength}";

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        var bits = BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) & (uint.MaxValue << (32 - prefix));
        return new IPAddress([(byte)(bits >> 24), (byte)(bits >> 16), (byte)(bits >> 8), (byte)bits]);
    }

    private static string? HostNameIn(string? text) => text?.ToLowerInvariant() is { } name && Protocol.SshEntrypoint.IsHostName(name) ? name : null;

    private static List<IPAddress> Addresses(string? text) =>
    [
        .. (text ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(part => IPAddress.TryParse(part, out var address) && address.AddressFamily == AddressFamily.InterNetwork ? address : null)
            .OfType<IPAddress>(),
    ];
}
