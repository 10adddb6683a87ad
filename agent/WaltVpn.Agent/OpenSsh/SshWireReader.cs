using System.Buffers.Binary;

namespace WaltVpn.Agent.OpenSsh;

/// <summary>Reads the data types of SSH (RFC 4251 section 5). Each read looks at the length first; false means that the bytes end before.</summary>
internal ref struct SshWireReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    public bool TryReadUInt32(out uint value)
    {
        value = 0;
        if (_bytes.Length - Position < sizeof(uint)) return false;
        value = BinaryPrimitives.ReadUInt32BigEndian(_bytes[Position..]);
        Position += sizeof(uint);
        return true;
    }

    public bool TryReadUInt64(out ulong value)
    {
        value = 0;
        if (_bytes.Length - Position < sizeof(ulong)) return false;
        value = BinaryPrimitives.ReadUInt64BigEndian(_bytes[Position..]);
        Position += sizeof(ulong);
        return true;
    }

    public bool TryReadString(out ReadOnlySpan<byte> value)
    {
        value = default;
        if (!TryReadUInt32(out var length) || length > _bytes.Length - Position) return false;
        value = _bytes.Slice(Position, (int)length);
        Position += (int)length;
        return true;
    }

    public bool TrySkipString() => TryReadString(out _);
}
