using System.IO.Compression;
using System.Text;

namespace WaltVpn.Arm64TestHost;

/// <summary>
/// A single-file .NET program: the host, an ELF program with the runtime in it; behind it the files; behind them their table. Where the table stands is
/// written in the host, before <see cref="Mark"/>.
/// </summary>
/// <param name="Host">The ELF program alone; it still says where the old table was.</param>
/// <param name="Files">The files, unpacked.</param>
/// <remarks>The format of .NET 6 and later (major version 6). All numbers are little-endian; a text has its length before it, 7 bits a byte.</remarks>
internal sealed record Bundle(byte[] Host, IReadOnlyList<BundleFile> Files)
{
    public const uint Version = 6;

    /// <summary>32 fixed bytes that .NET's hosts have, after the offset of their table.</summary>
    public static ReadOnlySpan<byte> Mark =>
    [
        0x8b, 0x12, 0x02, 0xb9, 0x6a, 0x61, 0x20, 0x38, 0x72, 0x7b, 0x93, 0x02, 0x14, 0xd7, 0xa0, 0x32,
        0x13, 0xf5, 0xb9, 0xe6, 0xef, 0xae, 0x33, 0x18, 0xee, 0x3b, 0x2d, 0xce, 0x24, 0xb3, 0x6a, 0xae,
    ];

    /// <summary>Where in a host the table's offset is written, eight bytes.</summary>
    /// <exception cref="InvalidDataException">It is no such host.</exception>
    public static int TablePointer(ReadOnlySpan<byte> host)
    {
        var mark = host.IndexOf(Mark);
        return mark >= sizeof(long) ? mark - sizeof(long) : throw new InvalidDataException("this is no single-file .NET program");
    }

    /// <summary>Takes a program apart.</summary>
    /// <exception cref="InvalidDataException">It is none, or of another version.</exception>
    public static Bundle Read(byte[] program)
    {
        using var reader = new BinaryReader(new MemoryStream(program, writable: false), Encoding.UTF8);
        reader.BaseStream.Position = TablePointer(program);
        reader.BaseStream.Position = reader.ReadInt64();
        var version = reader.ReadUInt32();
        if (version != Version) throw new InvalidDataException($"the program's table of files has version {version}; expected {Version}");
        reader.ReadUInt32();
        var count = reader.ReadInt32();
        reader.ReadString();
        // Places of the two JSON files, which are in the table as well, and flags.
        reader.ReadBytes((4 * sizeof(long)) + sizeof(ulong));
        var files = new List<BundleFile>();
        var first = long.MaxValue;
        for (var i = 0; i < count; i++)
        {
            var (offset, size, packed) = (reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
            var (kind, path) = ((BundleFileKind)reader.ReadByte(), reader.ReadString());
            first = Math.Min(first, offset);
            files.Add(new BundleFile(kind, path, Content(program.AsSpan((int)offset, (int)(packed == 0 ? size : packed)), (int)size, packed != 0)));
        }

        return new Bundle(program[..(int)first], files);
    }

    private static byte[] Content(ReadOnlySpan<byte> stored, int size, bool packed)
    {
        if (!packed) return stored.ToArray();
        using var unpacker = new DeflateStream(new MemoryStream(stored.ToArray()), CompressionMode.Decompress);
        var content = new byte[size];
        unpacker.ReadExactly(content);
        return content;
    }
}
