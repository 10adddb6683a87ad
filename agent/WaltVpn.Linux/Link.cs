using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>A network interface, as rtnetlink(7) describes it.</summary>
public sealed record Link
{
    /// <summary>Number of the interface, from 1.</summary>
    public required int Index { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Hardware type: linux/if_arp.h, 1 is Ethernet, 772 the loopback.</summary>
    public required int HardwareType { get; init; }

    /// <summary>Hardware address in wire order; 6 bytes on Ethernet, empty when there is none.</summary>
    public required byte[] MacAddress { get; init; }

    /// <summary>Largest packet, bytes.</summary>
    public required int Mtu { get; init; }

    /// <summary>Switched on by the administrator.</summary>
    public required bool Up { get; init; }

    /// <summary>The cable is in, or what stands for it. Always false while the interface is not <see cref="Up"/>.</summary>
    public required bool Carrier { get; init; }

    /// <summary>Driver's kind, "bridge", "tun", "veth"; empty for hardware.</summary>
    public required string Kind { get; init; }

    /// <summary>Index of the bridge it is a port of; 0 when none.</summary>
    public required int Master { get; init; }

    /// <summary>Reads the body of an RTM_NEWLINK or RTM_DELLINK message.</summary>
    internal static Link Read(ReadOnlySpan<byte> body)
    {
        var header = MemoryMarshal.Read<LinkMessage>(body);
        var (name, kind, mac, mtu, carrier, master) = ("", "", Array.Empty<byte>(), 0, false, 0);
        var attributes = new NetlinkAttributes(body[Unsafe.SizeOf<LinkMessage>()..]);
        while (attributes.MoveNext())
        {
            switch ((LinkAttribute)attributes.Type)
            {
                case LinkAttribute.IFLA_IFNAME: name = attributes.Text; break;
                case LinkAttribute.IFLA_ADDRESS: mac = attributes.Payload.ToArray(); break;
                case LinkAttribute.IFLA_MTU: mtu = (int)attributes.Number; break;
                case LinkAttribute.IFLA_CARRIER: carrier = attributes.Payload is [not 0, ..]; break;
                case LinkAttribute.IFLA_MASTER: master = (int)attributes.Number; break;
                case LinkAttribute.IFLA_LINKINFO: kind = KindIn(attributes.Payload); break;
            }
        }

        return new Link
        {
            Index = header.ifi_index,
            Name = name,
            HardwareType = header.ifi_type,
            MacAddress = mac,
            Mtu = mtu,
            Up = (header.ifi_flags & (uint)InterfaceFlag.IFF_UP) != 0,
            Carrier = carrier && (header.ifi_flags & (uint)InterfaceFlag.IFF_UP) != 0,
            Kind = kind,
            Master = master,
        };
    }

    private static string KindIn(ReadOnlySpan<byte> linkInfo)
    {
        var attributes = new NetlinkAttributes(linkInfo);
        while (attributes.MoveNext())
            if ((LinkInfoAttribute)attributes.Type == LinkInfoAttribute.IFLA_INFO_KIND) return attributes.Text;
        return "";
    }
}
