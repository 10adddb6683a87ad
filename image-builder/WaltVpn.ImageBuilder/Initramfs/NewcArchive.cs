using System.Globalization;
using System.Text;
using WaltVpn.ImageBuilder.Archives;

namespace WaltVpn.ImageBuilder.Initramfs;

/// <summary>The archive format of initramfs: cpio "newc" (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst).</summary>
internal static class NewcArchive
{
    private const string Magic = "070701";
    private const string Trailer = "TRAILER!!!";
    private const int HeaderLength = 110;
    private const int FieldLength = 8;

    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Index of each eight-digit field behind the magic.</summary>
    private enum Field
    {
        Mode = 1,
        Links = 4,
        FileSize = 6,
        NameSize = 11,
    }

    /// <summary>Writes entries in the order of their paths, each folder before what it holds. The same entries give the same bytes.</summary>
    /// <param name="modified">The date of all of them.</param>
    public static void Write(Stream output, IEnumerable<ArchiveEntry> entries, DateTimeOffset modified)
    {
        var number = 1;
        foreach (var entry in entries.OrderBy(entry => entry.Path, StringComparer.Ordinal))
        {
            WriteEntry(output, number++, (int)entry.Kind | (int)entry.Mode, modified.ToUnixTimeSeconds(), entry.Path, entry.Data.Span);
        }

        WriteEntry(output, 0, 0, 0, Trailer, []);
    }

    /// <summary>Reads an archive as strictly as it was written.</summary>
    /// <exception cref="InvalidDataException">
    /// It is damaged, or has what ours never have: devices, FIFOs, hard links, absolute or climbing paths, a name twice, something below a link,
    /// anything behind its end, which the kernel would go on reading (docs/security.md IMG-1).
    /// </exception>
    public static List<ArchiveEntry> Read(ReadOnlyMemory<byte> archive)
    {
        var entries = new List<ArchiveEntry>();
        var names = new EntryNames();
        var offset = 0;
        while (true)
        {
            var header = Take(HeaderLength).Span;
            if (!header.StartsWith(Encoding.ASCII.GetBytes(Magic))) throw new InvalidDataException($"no cpio header at byte {offset - HeaderLength}");
            var size = ReadField(header, Field.FileSize);
            var nameSize = ReadField(header, Field.NameSize);
            // The kernel counts the NUL at the end.
            if (nameSize is 0 or > ArchiveLimits.MaxPath + 1) throw new InvalidDataException($"a name of {nameSize} bytes");
            var name = ReadName(Take((int)nameSize).Span);
            offset = Align(offset);
            if (size > ArchiveLimits.MaxBytes) throw new InvalidDataException($"'{name}' is too large");
            var data = Take((int)size);
            offset = Align(offset);
            if (name == Trailer)
            {
                if (size > 0 || archive.Span[Math.Min(offset, archive.Length)..].ContainsAnyExcept((byte)0))
                    throw new InvalidDataException("something stands behind its end");
                return entries;
            }

            var mode = ReadField(header, Field.Mode);
            var kind = ReadKind(name, mode, ReadField(header, Field.Links), data.Span);
            names.Add(name, kind == ArchiveEntryKind.Folder);
            entries.Add(new ArchiveEntry(name, kind, (UnixFileMode)(mode & 0xFFF), data));
        }

        ReadOnlyMemory<byte> Take(int length)
        {
            if (length > archive.Length - offset) throw new InvalidDataException("it ends too early");
            var taken = archive.Slice(offset, length);
            offset += length;
            return taken;
        }
    }

    private static string ReadName(ReadOnlySpan<byte> name)
    {
        if (name.IndexOf((byte)0) != name.Length - 1) throw new InvalidDataException("a name does not end with its only NUL");
        try
        {
            return _strict.GetString(name[..^1]);
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidDataException("a name is not UTF-8", error);
        }
    }

    private static ArchiveEntryKind ReadKind(string name, uint mode, uint links, ReadOnlySpan<byte> data)
    {
        var kind = (ArchiveEntryKind)(mode & 0xF000);
        return kind switch
        {
            _ when !Enum.IsDefined(kind) => throw new InvalidDataException($"'{name}' is neither file nor folder nor link"),
            ArchiveEntryKind.File when links > 1 => throw new InvalidDataException($"'{name}' is a file with {links} names"),
            ArchiveEntryKind.Folder when data.Length > 0 => throw new InvalidDataException($"'{name}' is a folder with content"),
            ArchiveEntryKind.Link when data.IsEmpty || data.Length > ArchiveLimits.MaxPath || data.Contains((byte)0) =>
                throw new InvalidDataException($"'{name}' is a link to nothing"),
            _ => kind,
        };
    }

    private static void WriteEntry(Stream output, int number, int mode, long modified, string path, ReadOnlySpan<byte> data)
    {
        var name = Encoding.UTF8.GetBytes(path + '\0');
        // ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor, namesize, check
        long[] fields = [number, mode, 0, 0, 1, modified, data.Length, 0, 0, 0, 0, name.Length, 0];
        output.Write(Encoding.ASCII.GetBytes(Magic + string.Concat(fields.Select(field => field.ToString("X8", CultureInfo.InvariantCulture)))));
        output.Write(name);
        Pad(output, HeaderLength + name.Length);
        output.Write(data);
        Pad(output, data.Length);
    }

    private static void Pad(Stream output, int written) => output.Write(stackalloc byte[Align(written) - written]);

    /// <summary>Names and contents start at multiples of four.</summary>
    private static int Align(int offset) => (offset + 3) & ~3;

    private static uint ReadField(ReadOnlySpan<byte> header, Field field) =>
        uint.TryParse(header.Slice(Magic.Length + ((int)field * FieldLength), FieldLength),
            NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new InvalidDataException($"the field {field} of a cpio header is no number");
}
