using System.Buffers.Binary;
using System.Text;

namespace WaltVpn.ImageBuilder.Initramfs;

/// <summary>What a program or library of the ELF format wants to be loaded with it.</summary>
/// <param name="Machine">The processor (e_machine).</param>
/// <param name="Interpreter">The loader's path; null in a library and in a static program.</param>
/// <param name="Needed">Library names (DT_NEEDED), in the file's order.</param>
internal sealed record ElfDependencies(ushort Machine, string? Interpreter, IReadOnlyList<string> Needed)
{
    // elf(5) and the System V ABI, 64-bit little-endian objects.
    private const int HeaderLength = 64;
    private const int MachineOffset = 0x12;
    private const int ProgramHeaderOffset = 0x20;
    private const int ProgramHeaderEntrySize = 0x36;
    private const int ProgramHeaderCount = 0x38;
    private const int ProgramHeaderLength = 56;
    private const int DynamicEntryLength = 16;
    private const uint SegmentLoad = 1;
    private const uint SegmentDynamic = 2;
    private const uint SegmentInterpreter = 3;
    private const ulong TagNull = 0;
    private const ulong TagNeeded = 1;
    private const ulong TagStringTable = 5;

    private static ReadOnlySpan<byte> Magic64LittleEndian => "\u007fELF\u0002\u0001"u8;

    /// <summary>Reads a file's content.</summary>
    /// <exception cref="FormatException">It is no 64-bit little-endian ELF file, or an offset in it leads outside.</exception>
    public static ElfDependencies Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderLength || !file.StartsWith(Magic64LittleEndian)) throw new FormatException("not a 64-bit little-endian ELF file");
        var size = BinaryPrimitives.ReadUInt16LittleEndian(file[ProgramHeaderEntrySize..]);
        var count = BinaryPrimitives.ReadUInt16LittleEndian(file[ProgramHeaderCount..]);
        if (count > 0 && size < ProgramHeaderLength) throw new FormatException("ELF program headers are too short");
        var table = Slice(file, BinaryPrimitives.ReadUInt64LittleEndian(file[ProgramHeaderOffset..]), (ulong)size * count);
        var segments = new List<Segment>();
        for (var i = 0; i < count; i++) segments.Add(Segment.Read(table[(i * size)..]));

        var interpreter = segments.FirstOrDefault(segment => segment.Type == SegmentInterpreter);
        var dynamic = segments.FirstOrDefault(segment => segment.Type == SegmentDynamic);
        return new ElfDependencies(
            BinaryPrimitives.ReadUInt16LittleEndian(file[MachineOffset..]),
            interpreter is null ? null : ReadText(Slice(file, interpreter.Offset, interpreter.FileSize)),
            dynamic is null ? [] : ReadNeeded(file, Slice(file, dynamic.Offset, dynamic.FileSize), segments));
    }

    private static List<string> ReadNeeded(ReadOnlySpan<byte> file, ReadOnlySpan<byte> dynamic, List<Segment> segments)
    {
        var offsets = new List<ulong>();
        ulong? tableAddress = null;
        for (; dynamic.Length >= DynamicEntryLength; dynamic = dynamic[DynamicEntryLength..])
        {
            var tag = BinaryPrimitives.ReadUInt64LittleEndian(dynamic);
            var value = BinaryPrimitives.ReadUInt64LittleEndian(dynamic[8..]);
            if (tag == TagNull) break;
            if (tag == TagNeeded) offsets.Add(value);
            if (tag == TagStringTable) tableAddress = value;
        }

        if (offsets.Count == 0) return [];
        var home = segments.FirstOrDefault(segment => segment.Type == SegmentLoad && tableAddress >= segment.Address
            && tableAddress - segment.Address < segment.FileSize)
            ?? throw new FormatException("the ELF string table lies in no segment");
        var start = home.Offset + (tableAddress!.Value - home.Address);
        var names = new List<string>();
        foreach (var offset in offsets) names.Add(ReadText(Slice(file, unchecked(start + offset), length: null)));
        return names;
    }

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> file, ulong offset, ulong? length)
    {
        var all = (ulong)file.Length;
        if (offset > all || length > all - offset) throw new FormatException("an ELF offset leads outside the file");
        return file.Slice((int)offset, (int)(length ?? (all - offset)));
    }

    private static string ReadText(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return end > 0 ? Encoding.UTF8.GetString(bytes[..end]) : throw new FormatException("an ELF text is empty or has no end");
    }

    private sealed record Segment(uint Type, ulong Offset, ulong Address, ulong FileSize)
    {
        public static Segment Read(ReadOnlySpan<byte> header) => new(
            BinaryPrimitives.ReadUInt32LittleEndian(header),
            BinaryPrimitives.ReadUInt64LittleEndian(header[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(header[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(header[32..]));
    }
}
