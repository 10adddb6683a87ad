using System.Buffers.Binary;
using System.Text;

namespace WaltVpn.Agent.Startup;

/// <summary>Finds a partition by its label, reading the two formats an SD image has.</summary>
internal static class Volume
{
    private const int HeaderLength = 2048;
    // Microsoft's FAT specification: BS_VolLab and BS_FilSysType of a FAT32 boot sector.
    private const int FatLabelOffset = 71, FatLabelLength = 11, FatTypeOffset = 82;
    // Documentation/filesystems/ext4/super.rst: the super block at 1024, s_magic and s_volume_name in it.
    private const int ExtMagicOffset = 1024 + 0x38, ExtLabelOffset = 1024 + 0x78, ExtLabelLength = 16;
    private const ushort ExtMagic = 0xEF53;

    /// <summary>The device whose file system has the label.</summary>
    /// <param name="label">As mkfs wrote it.</param>
    /// <returns>A path like /dev/sda1.</returns>
    /// <exception cref="StageException">There is none (yet).</exception>
    public static string FindByLabel(string label) => Find(label)
        ?? throw new StageException($"no partition has the label {label}. Is the card the one the image was written to, and its driver in the image?");

    /// <summary>The same; null when there is none (yet).</summary>
    public static string? Find(string label) => Directory.EnumerateDirectories("/sys/class/block").Select(Path.GetFileName).Order(StringComparer.Ordinal)
        .Select(name => $"/dev/{name}").FirstOrDefault(device => LabelOf(device) == label);

    /// <summary>The label in the first sectors of a file system; empty when it has none, or is of another format.</summary>
    internal static string LabelIn(ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderLength) return "";
        if (header.Slice(FatTypeOffset, 5).SequenceEqual("FAT32"u8)) return Encoding.ASCII.GetString(header.Slice(FatLabelOffset, FatLabelLength)).TrimEnd(' ');
        return BinaryPrimitives.ReadUInt16LittleEndian(header[ExtMagicOffset..]) == ExtMagic
            ? Encoding.UTF8.GetString(header.Slice(ExtLabelOffset, ExtLabelLength)).TrimEnd('\0')
            : "";
    }

    private static string LabelOf(string device)
    {
        try
        {
            using var file = File.OpenHandle(device);
            var header = new byte[HeaderLength];
            return LabelIn(header.AsSpan(0, RandomAccess.Read(file, header, 0)));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            // An empty card reader, a drive without medium: not the one that is looked for.
            return "";
        }
    }
}
