using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>Reads the body of an RTM_NEWADDR message.</summary>
internal static class AddressRecord
{
    /// <summary>The IPv4 address, when it is on that interface.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, int index, [NotNullWhen(true)] out IPAddress? address, out int prefixLength)
    {
        (address, prefixLength) = (null, 0);
        var header = MemoryMarshal.Read<AddressMessage>(body);
        if (header.ifa_index != index || header.ifa_family != (byte)AddressFamily.AF_INET) return false;
        prefixLength = header.ifa_prefixlen;
        var attributes = new NetlinkAttributes(body[Unsafe.SizeOf<AddressMessage>()..]);
        while (attributes.MoveNext())
            if ((AddressAttribute)attributes.Type == AddressAttribute.IFA_LOCAL) address = new IPAddress(attributes.Payload);
        return address is not null;
    }
}
