using System.Buffers.Binary;
using System.Text;

namespace WaltVpn.Eeprom;

/// <summary>Walks the sections of an image: header, content, up to seven bytes of filling, next header.</summary>
/// <remarks>docs/eeprom.md "The chain". All numbers are big-endian.</remarks>
internal static class SectionChain
{
    /// <summary>Magic and length. The length counts what follows it.</summary>
    public const int HeaderLength = 8;

    /// <summary>A file's header goes on with 12 bytes of name and four zeros; its content starts this far from the section.</summary>
    public const int FileHeaderLength = HeaderLength + NameLength + ZerosLength;

    public const uint PaddingMagic = 0x55aafeef;
    public const int Alignment = 8;

    private const int NameLength = 12;
    private const int ZerosLength = 4;
    private const uint BootCodeMagic = 0x55aaf00f;
    private const uint FileMagic = 0x55aaf11f;
    private const uint FamilyMask = 0xfffff00f;
    private const uint Erased = 0xffffffff;

    /// <summary>Reads the whole chain.</summary>
    /// <exception cref="EepromException">It is broken; the message says at which offset.</exception>
    public static List<EepromSection> Read(ReadOnlySpan<byte> image)
    {
        var sections = new List<EepromSection>(32);
        var offset = 0;
        while (offset <= image.Length - HeaderLength)
        {
            var magic = BinaryPrimitives.ReadUInt32BigEndian(image[offset..]);
            if (offset > 0 && magic is 0 or Erased) break;
            if (offset == 0 ? magic != BootCodeMagic : (magic & FamilyMask) != BootCodeMagic) throw NoSection(offset, magic);
            var section = ReadSection(image, offset, magic);
            sections.Add(section);
            offset = Align(section.End);
        }

        return sections;
    }

    /// <summary>The next multiple of 8.</summary>
    public static int Align(int offset) => (offset + Alignment - 1) & -Alignment;

    private static EepromSection ReadSection(ReadOnlySpan<byte> image, int offset, uint magic)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(image[(offset + 4)..]);
        var rest = image.Length - offset - HeaderLength;
        if (length > rest)
        {
            throw new EepromException(
                EepromFault.Truncated,
                $"the section at offset 0x{offset:x} says that {length} bytes follow, and the image ends after {rest}; take another copy of it");
        }

        var start = offset + HeaderLength;
        var kind = magic switch
        {
            BootCodeMagic => EepromSectionKind.BootCode,
            FileMagic => EepromSectionKind.File,
            PaddingMagic => EepromSectionKind.Padding,
            _ => EepromSectionKind.Firmware,
        };
        if (kind != EepromSectionKind.File) return new EepromSection(offset, kind, magic, "", start, (int)length);
        if (length < NameLength + ZerosLength)
        {
            throw new EepromException(
                EepromFault.Overlap,
                $"the file at offset 0x{offset:x} has {length} bytes, fewer than its own header; the image is damaged, take another copy of it");
        }

        return new EepromSection(
            offset, kind, magic, ReadName(image.Slice(start, NameLength), offset), offset + FileHeaderLength, (int)length - NameLength - ZerosLength);
    }

    private static string ReadName(ReadOnlySpan<byte> field, int offset)
    {
        var name = field.TrimEnd((byte)0);
        // Names reach terminals and logs.
        if (name.IsEmpty || name.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            throw new EepromException(
                EepromFault.BadMagic, $"the file at offset 0x{offset:x} has no readable name; the image is damaged, take another copy of it");
        }

        // The same few names in every image: no new text for each.
        foreach (var known in EepromFiles.Replaceable)
        {
            if (Ascii.Equals(name, known)) return known;
        }

        return Ascii.Equals(name, EepromFiles.UpdateTime) ? EepromFiles.UpdateTime : Encoding.ASCII.GetString(name);
    }

    private static EepromException NoSection(int offset, uint magic)
    {
        if (offset == 0 && magic == 0) return new EepromException(EepromFault.BadMagic, "the image starts with zeros: it is empty; name a bootloader image");
        if (offset == 0 && magic == Erased)
        {
            return new EepromException(EepromFault.BadMagic, "the image starts with erased bytes (0xff): nothing was written to it; name a bootloader image");
        }

        return new EepromException(
            EepromFault.BadMagic,
            $"at offset 0x{offset:x} stands 0x{magic:x8}, which starts no section; this is no bootloader image, or it is damaged: take another copy of it");
    }
}
