using System.Buffers.Binary;

namespace WaltVpn.Eeprom;

/// <summary>A bootloader image of a Raspberry Pi 4 or 5. It never changes: an edit gives another image.</summary>
/// <remarks>
/// docs/eeprom.md. Replacing a file gives byte for byte what Raspberry Pi's rpi-eeprom-config gives since February 2026, but for the last
/// four bytes of a slot: it takes them and overwrites the header of the next section, this refuses.
/// </remarks>
public sealed class EepromImage
{
    /// <summary>Bytes of a Raspberry Pi 4's flash chip.</summary>
    public const int Bcm2711Size = 512 * 1024;

    /// <summary>Bytes of a Raspberry Pi 5's flash chip.</summary>
    public const int Bcm2712Size = 2 * 1024 * 1024;

    /// <summary>A replaceable file has at most so many bytes, whatever room there is: one 4 KiB sector of flash, less a header of 20.</summary>
    public const int LargestFile = 4096 - 20;

    /// <summary>At the end of each image, for the bootloader itself.</summary>
    private const int ScratchLength = 4096;

    /// <summary>Where the replaceable part starts; in an A/B image, partition A.</summary>
    private const int EditableStart = 0x10000;

    /// <summary>Where it ends; in an A/B image partition B starts here.</summary>
    private const int EditableEnd = 0x107000;

    private const byte ErasedByte = 0xff;
    private const string SystemFile = "bootsys";

    private readonly byte[] _bytes;

    private EepromImage(byte[] bytes, List<EepromSection> sections) => (_bytes, Sections) = (bytes, sections);

    /// <summary>Reads an image.</summary>
    /// <param name="bytes">All of it; the caller changes them no more.</param>
    /// <exception cref="EepromException">It is not one, or it is damaged.</exception>
    public static EepromImage Parse(byte[] bytes)
    {
        if (bytes.Length is not (Bcm2711Size or Bcm2712Size))
        {
            throw new EepromException(
                EepromFault.WrongSize,
                $"it has {bytes.Length} bytes; a bootloader image has {Bcm2711Size} (Raspberry Pi 4) or {Bcm2712Size} (Raspberry Pi 5): name such an image");
        }

        return new EepromImage(bytes, SectionChain.Read(bytes));
    }

    /// <summary>The chain from its start to its end; at least one section.</summary>
    public IReadOnlyList<EepromSection> Sections { get; }

    public EepromFamily Family => _bytes.Length == Bcm2711Size ? EepromFamily.Bcm2711 : EepromFamily.Bcm2712;

    public EepromLayout Layout => Sections.Any(section => section.Name == SystemFile) ? EepromLayout.TwoPartitions : EepromLayout.OnePartition;

    /// <summary>All bytes, as they go into the flash chip.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Searches the image for what it says about itself.</summary>
    public EepromVersion FindVersion() => EepromVersion.Find(_bytes);

    /// <summary>The file of that name; null when there is none. Of several the first counts, as for the bootloader.</summary>
    public EepromSection? Find(string name) => Sections.FirstOrDefault(section => section.Kind == EepromSectionKind.File && section.Name == name);

    /// <summary>The content of a file.</summary>
    /// <exception cref="EepromException">There is none of that name.</exception>
    public ReadOnlySpan<byte> Read(string name)
    {
        var file = Find(name) ?? throw Missing(name);
        return _bytes.AsSpan(file.ContentOffset, file.Size);
    }

    /// <summary>True when a file was never filled: bootloaders ship with zeros in the places of key, signature and certificate.</summary>
    public static bool IsUnset(ReadOnlySpan<byte> content) => !content.ContainsAnyExcept((byte)0);

    /// <summary>How many bytes fit in the place of a file.</summary>
    /// <exception cref="EepromException">There is no such file to replace.</exception>
    public int Capacity(string name)
    {
        var file = FindReplaceable(name);
        var room = Math.Min(SlotEnd(file), _bytes.Length - ScratchLength) - file.ContentOffset;
        return Math.Clamp(room, 0, LargestFile);
    }

    /// <summary>The same image with another content of one file.</summary>
    /// <param name="name">One of <see cref="EepromFiles.Replaceable"/>.</param>
    /// <exception cref="EepromException">The image has no such file, or no room for it.</exception>
    public EepromImage With(string name, ReadOnlySpan<byte> content)
    {
        if (!EepromFiles.Replaceable.Contains(name))
        {
            throw new ArgumentException($"{name} is none of {string.Join(", ", EepromFiles.Replaceable)}", nameof(name));
        }

        var file = FindReplaceable(name);
        var capacity = Capacity(name);
        if (content.Length > capacity) throw DoesNotFit(file, content.Length, capacity);

        var slotEnd = SlotEnd(file);
        var bytes = (byte[])_bytes.Clone();
        var nameLength = SectionChain.FileHeaderLength - SectionChain.HeaderLength;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(file.Offset + 4), (uint)(nameLength + content.Length));
        content.CopyTo(bytes.AsSpan(file.ContentOffset));
        var rest = bytes.AsSpan((file.ContentOffset + content.Length)..slotEnd);
        rest.Fill(ErasedByte);
        // A file in the middle is followed by a padding section, so that the chain finds the next one; after the last the chain just ends.
        var padding = rest[(SectionChain.Align(file.ContentOffset + content.Length) - file.ContentOffset - content.Length)..];
        if (padding.Length >= SectionChain.HeaderLength && file != Sections[^1])
        {
            BinaryPrimitives.WriteUInt32BigEndian(padding, SectionChain.PaddingMagic);
            BinaryPrimitives.WriteUInt32BigEndian(padding[4..], (uint)(padding.Length - SectionChain.HeaderLength));
        }

        return Parse(bytes);
    }

    /// <summary>The same image with the time of its last change. The bootloader takes no update file that is older.</summary>
    /// <param name="time">Whole seconds count, 1970 to 2106.</param>
    /// <exception cref="EepromException">It is a damaged A/B image.</exception>
    public EepromImage WithTimestamp(DateTimeOffset time)
    {
        var seconds = checked((uint)time.ToUnixTimeSeconds());
        var bytes = (byte[])_bytes.Clone();
        foreach (var offset in TimestampOffsets())
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), ~seconds);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset + 4), seconds);
        }

        return Parse(bytes);
    }

    /// <summary>The time that <see cref="WithTimestamp"/> wrote; null when none was written.</summary>
    public DateTimeOffset? ReadTimestamp()
    {
        var place = _bytes.AsSpan(TimestampOffsets()[0]);
        var seconds = BinaryPrimitives.ReadUInt32LittleEndian(place[4..]);
        // Images ship with zeros and ones in the place, which is no time.
        return seconds != uint.MaxValue && BinaryPrimitives.ReadUInt32LittleEndian(place) == ~seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
    }

    /// <summary>An A/B image has a place in its read-only part and one in partition A, every other image only its last eight bytes.</summary>
    private int[] TimestampOffsets()
    {
        var readOnly = Sections.FirstOrDefault(section => section.Name == EepromFiles.UpdateTime && section.Offset < EditableStart);
        if (readOnly is null) return [_bytes.Length - 8];
        var second = FindEditable(EepromFiles.UpdateTime)
            ?? throw new EepromException(
                EepromFault.NotFound, "the image has a first file updatetime and not the second; it is damaged, take another copy of it");
        foreach (var file in (EepromSection[])[readOnly, second])
        {
            if (file.Size >= 8) continue;
            throw new EepromException(
                EepromFault.Overlap,
                $"updatetime at offset 0x{file.Offset:x} has {file.Size} bytes instead of 8; the image is damaged, take another copy of it");
        }

        return [readOnly.ContentOffset, second.ContentOffset];
    }

    private EepromSection FindReplaceable(string name) => FindEditable(name) ?? throw Missing(name);

    private EepromSection? FindEditable(string name) => Sections.FirstOrDefault(
        section => section.Name == name && section.Offset is >= EditableStart and < EditableEnd);

    /// <summary>A slot reaches to the next section that holds something; where nothing does, to the scratch page or to partition B.</summary>
    private int SlotEnd(EepromSection file)
    {
        var next = Sections.FirstOrDefault(section => section.Offset > file.Offset && section.Kind != EepromSectionKind.Padding);
        return next?.Offset ?? Math.Min(_bytes.Length - ScratchLength, EditableEnd);
    }

    private static EepromException Missing(string name) => new(
        EepromFault.NotFound, $"the image has no file {name}; bootloaders of before {name switch
        {
            EepromFiles.CaCertificate => "April 2024",
            EepromFiles.UpdateTime => "May 2026",
            _ => "May 2021",
        }} have none: take a newer image");

    private static EepromException DoesNotFit(EepromSection file, int length, int capacity) => new(
        EepromFault.DoesNotFit,
        $"{length} bytes do not fit into {file.Name} at offset 0x{file.Offset:x}: there is room for {capacity}; make it {length - capacity} bytes shorter"
        + (capacity < LargestFile && file.Name == EepromFiles.BootConfig ? ", or take a newer image, which has more room" : ""));
}
