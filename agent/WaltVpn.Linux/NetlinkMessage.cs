using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace WaltVpn.Linux;

/// <summary>Builds one netlink(7) request: header, the family's fixed part, then attributes, each padded to 4 bytes.</summary>
internal sealed class NetlinkMessage
{
    /// <summary>Everything is aligned to this: linux/netlink.h <c>NLMSG_ALIGNTO</c>, <c>NLA_ALIGNTO</c>.</summary>
    public const int Alignment = 4;

    private const int HeaderSize = 16;
    private const int AttributeHeaderSize = 4;

    private readonly Enum _type;
    private byte[] _bytes = new byte[1024];
    private int _length = HeaderSize;

    private NetlinkMessage(Enum type, ushort number, NetlinkFlag flags)
    {
        _type = type;
        MemoryMarshal.Write(_bytes, new NetlinkHeader { nlmsg_type = number, nlmsg_flags = (ushort)(flags | NetlinkFlag.NLM_F_REQUEST) });
    }

    /// <summary>Starts a request.</summary>
    /// <param name="type">What is asked.</param>
    /// <param name="flags">NLM_F_REQUEST is added.</param>
    /// <param name="fixedPart">The structure that this type begins with.</param>
    public static NetlinkMessage Create<T>(NetlinkType type, NetlinkFlag flags, T fixedPart)
        where T : unmanaged => Create(type, (ushort)type, flags, fixedPart);

    /// <summary>Starts a request of another part of the kernel than rtnetlink.</summary>
    /// <param name="type">Its name, for error texts.</param>
    /// <param name="number">Its number on the wire.</param>
    /// <param name="flags">NLM_F_REQUEST is added.</param>
    /// <param name="fixedPart">The structure that this type begins with.</param>
    public static NetlinkMessage Create<T>(Enum type, ushort number, NetlinkFlag flags, T fixedPart)
        where T : unmanaged
    {
        var message = new NetlinkMessage(type, number, flags);
        MemoryMarshal.Write(message.Grow(Unsafe.SizeOf<T>()), fixedPart);
        return message;
    }

    /// <summary>What was asked, for error texts.</summary>
    public string Name => _type.ToString();

    /// <summary>Adds an attribute with any payload.</summary>
    public NetlinkMessage Add(Enum attribute, ReadOnlySpan<byte> payload)
    {
        var length = AttributeHeaderSize + payload.Length;
        var place = Grow(length);
        MemoryMarshal.Write(place, new NetlinkAttribute { nla_len = (ushort)length, nla_type = Convert.ToUInt16(attribute, null) });
        payload.CopyTo(place[AttributeHeaderSize..]);
        return this;
    }

    /// <summary>Adds a number of one byte.</summary>
    public NetlinkMessage Add(Enum attribute, byte value) => Add(attribute, [value]);

    /// <summary>Adds a number in the machine's byte order.</summary>
    public NetlinkMessage Add(Enum attribute, uint value) => Add(attribute, MemoryMarshal.AsBytes([value]));

    /// <summary>Adds a number in network order, as netfilter has them.</summary>
    public NetlinkMessage AddBigEndian(Enum attribute, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Add(attribute, bytes);
    }

    /// <summary>Adds a text with its closing zero.</summary>
    public NetlinkMessage Add(Enum attribute, string value) => Add(attribute, [.. Encoding.UTF8.GetBytes(value), 0]);

    /// <summary>Adds an attribute that holds attributes.</summary>
    public NetlinkMessage AddNested(Enum attribute, Action<NetlinkMessage> fill)
    {
        var start = _length;
        Grow(AttributeHeaderSize);
        fill(this);
        var nested = Convert.ToUInt16(attribute, null) | (int)NetlinkAttributeFlag.NLA_F_NESTED;
        var header = new NetlinkAttribute { nla_len = (ushort)(_length - start), nla_type = (ushort)nested };
        MemoryMarshal.Write(_bytes.AsSpan(start), header);
        return this;
    }

    /// <summary>The finished message.</summary>
    /// <param name="sequence">Comes back with the answer.</param>
    /// <param name="acknowledged">Adds NLM_F_ACK.</param>
    public ReadOnlySpan<byte> Finish(uint sequence, bool acknowledged = false)
    {
        ref var header = ref MemoryMarshal.AsRef<NetlinkHeader>(_bytes.AsSpan());
        header.nlmsg_len = (uint)_length;
        header.nlmsg_seq = sequence;
        if (acknowledged) header.nlmsg_flags |= (ushort)NetlinkFlag.NLM_F_ACK;
        return _bytes.AsSpan(0, _length);
    }

    private Span<byte> Grow(int size)
    {
        var start = _length;
        _length += (size + Alignment - 1) & ~(Alignment - 1);
        if (_length > _bytes.Length) Array.Resize(ref _bytes, 2 * _length);
        return _bytes.AsSpan(start, size);
    }
}
