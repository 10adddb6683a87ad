using System.Buffers.Binary;
using System.Text;

namespace WaltVpn.Server.Certificates;

/// <summary>Reads the data types of SSH from untrusted bytes; every length is checked before its value is used.</summary>
/// <remarks>RFC 4251 section 5.</remarks>
internal ref struct SshWireReader(ReadOnlySpan<byte> rest)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = rest;

    /// <summary>True when everything was read.</summary>
    public readonly bool IsAtEnd => _rest.IsEmpty;

    /// <summary>A uint32, big-endian.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>A uint64, big-endian.</summary>
    public ulong ReadUInt64() => BinaryPrimitives.ReadUInt64BigEndian(Take(8));

    /// <summary>One byte.</summary>
    public byte ReadByte() => Take(1)[0];

    /// <summary>A string: its length, then its bytes.</summary>
    public ReadOnlySpan<byte> ReadString()
    {
        var length = ReadUInt32();
        return length <= _rest.Length ? Take((int)length) : throw Cut();
    }

    /// <summary>A string that must be UTF-8.</summary>
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

    private ReadOnlySpan<byte> Take(int length)
    {
        if (_rest.Length < length) throw Cut();
        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }

    private static FormatException Cut() => new("it ends in the middle of a value");
}
