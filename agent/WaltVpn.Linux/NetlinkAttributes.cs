using System.Runtime.InteropServices;
using System.Text;

namespace WaltVpn.Linux;

/// <summary>Walks over the attributes of a netlink(7) message. A length that does not fit ends the walk.</summary>
internal ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private const int HeaderSize = 4;
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Type of the attribute the walk stands on, without its flag bits.</summary>
    public ushort Type { get; private set; }

    /// <summary>Its payload.</summary>
    public ReadOnlySpan<byte> Payload { get; private set; }

    /// <summary>Its payload as a number in the machine's byte order; 0 when it is too short to be one.</summary>
    public readonly uint Number => Payload.Length >= sizeof(uint) ? MemoryMarshal.Read<uint>(Payload) : 0;

    /// <summary>Its payload as a text without its closing zero.</summary>
    public readonly string Text => Encoding.UTF8.GetString(Payload.TrimEnd((byte)0));

    /// <summary>Goes to the next attribute.</summary>
    public bool MoveNext()
    {
        if (_rest.Length < HeaderSize) return false;
        var header = MemoryMarshal.Read<NetlinkAttribute>(_rest);
        if (header.nla_len < HeaderSize || header.nla_len > _rest.Length) return false;
        Type = (ushort)(header.nla_type & (int)NetlinkAttributeFlag.NLA_TYPE_MASK);
        Payload = _rest[HeaderSize..header.nla_len];
        var step = (header.nla_len + NetlinkMessage.Alignment - 1) & ~(NetlinkMessage.Alignment - 1);
        _rest = _rest[Math.Min(step, _rest.Length)..];
        return true;
    }
}
