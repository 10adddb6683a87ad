using System.Buffers.Binary;
using System.Text;

namespace WaltVpn.Protocol;

/// <summary>Reads the files in the root folder of a FAT16 file system, as <c>waltvpn-image boot-img</c> makes it, without mounting it.</summary>
/// <remarks>
/// Microsoft's FAT specification (fatgen103). A boot.img is read only after its signature was checked; still, every number in it is checked against the
/// size of the file, so that no image makes the reader loop or grow.
/// </remarks>
public sealed class FatImage : IDisposable
{
    private const int EntrySize = 32;
    private const int MaxRootEntries = 4096;
    private const int EndOfChain = 0xFFF8;
    private const byte LongName = 0x0F, Directory = 0x10, VolumeLabel = 0x08, Deleted = 0xE5;
    private const int NameInEntry = 13;

    private readonly Stream _file;
    private readonly int _clusterBytes;
    private readonly long _dataStart;
    private readonly ushort[] _table;
    private readonly Dictionary<string, (int Cluster, long Length)> _files = new(StringComparer.OrdinalIgnoreCase);

    private FatImage(Stream file, int clusterBytes, long dataStart, ushort[] table) =>
        (_file, _clusterBytes, _dataStart, _table) = (file, clusterBytes, dataStart, table);

    /// <summary>Reads the tables.</summary>
    /// <param name="file">Can seek. Owned by the result.</param>
    /// <exception cref="FormatException">It is no FAT16 file system.</exception>
    public static FatImage Open(Stream file)
    {
        var boot = Read(file, 0, 512);
        var sector = Word(boot, 11);
        if (Word(boot, 510) != 0xAA55 || sector is not (512 or 1024 or 2048 or 4096)) throw new FormatException("it has no FAT file system");
        var (perCluster, reserved, tables, rootEntries, tableSectors) = (boot[13], Word(boot, 14), boot[16], Word(boot, 17), Word(boot, 22));
        if (perCluster == 0 || tables == 0 || rootEntries is 0 or > MaxRootEntries || tableSectors == 0)
            throw new FormatException("its file system is not FAT16");
        var rootStart = (long)sector * (reserved + (tables * tableSectors));
        var dataStart = rootStart + (((long)rootEntries * EntrySize) + sector - 1) / sector * sector;
        if (dataStart >= file.Length) throw new FormatException("it is shorter than its file system");
        var clusters = (file.Length - dataStart) / (sector * perCluster);
        var entries = (int)Math.Min(tableSectors * sector / 2, clusters + 2);
        var bytes = Read(file, (long)sector * reserved, entries * 2);
        var table = new ushort[entries];
        for (var i = 0; i < entries; i++) table[i] = (ushort)Word(bytes, i * 2);
        var image = new FatImage(file, sector * perCluster, dataStart, table);
        image.ReadRoot(Read(file, rootStart, rootEntries * EntrySize));
        return image;
    }

    /// <summary>A small file's content.</summary>
    /// <exception cref="FileNotFoundException">There is none of that name.</exception>
    /// <exception cref="FormatException">It is larger than <paramref name="most"/>, or its clusters are not in order.</exception>
    public byte[] ReadAll(string name, int most)
    {
        if (Find(name).Length > most) throw new FormatException($"{name} in it has more than {most} bytes");
        var content = new MemoryStream();
        CopyTo(name, content);
        return content.ToArray();
    }

    /// <summary>Copies a file's content.</summary>
    /// <exception cref="FileNotFoundException">There is none of that name.</exception>
    /// <exception cref="FormatException">Its clusters are not in order.</exception>
    public void CopyTo(string name, Stream target)
    {
        var (cluster, left) = Find(name);
        var buffer = new byte[_clusterBytes];
        // As many steps as the length asks for: a chain in a circle ends with it.
        for (; left > 0; left -= _clusterBytes)
        {
            if (cluster < 2 || cluster >= _table.Length) throw new FormatException($"{name} in it ends before its end");
            var length = (int)Math.Min(left, _clusterBytes);
            _file.Position = _dataStart + ((long)(cluster - 2) * _clusterBytes);
            _file.ReadExactly(buffer, 0, length);
            target.Write(buffer, 0, length);
            cluster = _table[cluster] >= EndOfChain ? 0 : _table[cluster];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private (int Cluster, long Length) Find(string name) =>
        _files.TryGetValue(name, out var found) ? found : throw new FileNotFoundException($"it has no file {name}");

    private void ReadRoot(byte[] root)
    {
        var longName = new SortedDictionary<int, string>();
        for (var at = 0; at < root.Length && root[at] != 0; at += EntrySize)
        {
            var entry = root.AsSpan(at, EntrySize);
            if (entry[0] == Deleted)
            {
                longName.Clear();
            }
            else if (entry[11] == LongName)
            {
                // Parts come last first; bit 6 marks the last one.
                longName[entry[0] & 0x3F] = LongPart(entry);
            }
            else
            {
                if ((entry[11] & (Directory | VolumeLabel)) == 0)
                    _files[longName.Count > 0 ? string.Concat(longName.Values) : ShortName(entry)] = (Word(entry, 26), Length(entry));
                longName.Clear();
            }
        }
    }

    private long Length(ReadOnlySpan<byte> entry) => Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(entry[28..]), _file.Length);

    private static string LongPart(ReadOnlySpan<byte> entry)
    {
        Span<byte> text = stackalloc byte[NameInEntry * 2];
        entry.Slice(1, 10).CopyTo(text);
        entry.Slice(14, 12).CopyTo(text[10..]);
        entry.Slice(28, 4).CopyTo(text[22..]);
        return Encoding.Unicode.GetString(text).Split('\0')[0];
    }

    private static string ShortName(ReadOnlySpan<byte> entry)
    {
        var (name, extension) = (Encoding.Latin1.GetString(entry[..8]).TrimEnd(), Encoding.Latin1.GetString(entry.Slice(8, 3)).TrimEnd());
        return extension.Length > 0 ? $"{name}.{extension}" : name;
    }

    private static int Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static byte[] Read(Stream file, long at, int length)
    {
        if (at + length > file.Length) throw new FormatException("it is shorter than a file system");
        var bytes = new byte[length];
        file.Position = at;
        file.ReadExactly(bytes);
        return bytes;
    }
}
