using System.Buffers.Binary;
using System.Text;

namespace WaltVpn.Protocol;

/// <summary>
/// Reads the data types of SSH (RFC 4251 section 5) from untrusted bytes; every length is checked before its value is used. Each read has two forms: one
/// says false when the bytes end before, the other throws.
/// </summary>
public ref struct SshWireReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>True when everything was read.</summary>
    public readonly bool IsAtEnd => Position == _bytes.Length;

    /// <summary>A uint32, big-endian.</summary>
    public bool TryReadUInt32(out uint value)
    {
        value = TryTake(sizeof(uint), out var taken) ? BinaryPrimitives.ReadUInt32BigEndian(taken) : 0;
        return !taken.IsEmpty;
    }

    /// <summary>A uint64, big-endian.</summary>
    public bool TryReadUInt64(out ulong value)
    {
        value = TryTake(sizeof(ulong), out var taken) ? BinaryPrimitives.ReadUInt64BigEndian(taken) : 0;
        return !taken.IsEmpty;
    }

    /// <summary>A string: its length, then its bytes.</summary>
    public bool TryReadString(out ReadOnlySpan<byte> value)
    {
        value = default;
        return TryReadUInt32(out var length) && length <= int.MaxValue && TryTake((int)length, out value);
    }

    /// <summary>A string whose content does not matter.</summary>
    public bool TrySkipString() => TryReadString(out _);

    /// <inheritdoc cref="TryReadUInt32"/>
    /// <exception cref="FormatException">The bytes end before.</exception>
    public uint ReadUInt32() => TryReadUInt32(out var value) ? value : throw Cut();

    /// <inheritdoc cref="TryReadUInt64"/>
    /// <exception cref="FormatException">The bytes end before.</exception>
    public ulong ReadUInt64() => TryReadUInt64(out var value) ? value : throw Cut();

    /// <summary>One byte.</summary>
    /// <exception cref="FormatException">The bytes end before.</exception>
    public byte ReadByte() => TryTake(1, out var taken) ? taken[0] : throw Cut();

    /// <inheritdoc cref="TryReadString"/>
    /// <exception cref="FormatException">The bytes end before.</exception>
    public ReadOnlySpan<byte> ReadString() => TryReadString(out var value) ? value : throw Cut();

    /// <summary>A string that must be UTF-8.</summary>
    /// <exception cref="FormatException">The bytes end before, or it is something else.</exception>
    public string ReadText()
    {
        try
        {
            return StrictUtf8.GetString(ReadString());
        }
        catch (DecoderFallbackException e)
        {
            throw new FormatException("a text is not UTF-8", e);
        }
    }

    private bool TryTake(int length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (_bytes.Length - Position < length) return false;
        taken = _bytes.Slice(Position, length);
        Position += length;
        return true;
    }

    private static FormatException Cut() => new("it ends in the middle of a value");
}
