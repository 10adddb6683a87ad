using System.Formats.Tar;
using WaltVpn.ImageBuilder.Archives;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Packages;

/// <summary>Reads the files in a .deb, in its order, without installing or unpacking it.</summary>
/// <remarks>
/// docs/security.md IMG-1. A package is signed, yet what does not belong into one ends the build: absolute or climbing paths, devices, FIFOs,
/// names given twice, too many entries or bytes. Symbolic links are data here; nothing is ever written through one, and nothing may lie below one.
/// </remarks>
internal sealed class PackageReader(HostToolbox tools)
{
    /// <summary>Shows every entry to a visitor.</summary>
    /// <exception cref="ImageException">The archive is damaged or hostile, or dpkg-deb failed.</exception>
    public async Task ReadAsync(string deb, Func<PackageEntry, Task> visit, CancellationToken cancellation)
    {
        var packed = new FileInfo(deb).Length;
        try
        {
            await tools.ReadAsync(HostTool.DpkgDeb, ["--fsys-tarfile", deb], tar => ReadTarAsync(tar, packed, visit, cancellation), cancellation);
        }
        catch (InvalidDataException error)
        {
            throw new ImageException($"{Path.GetFileName(deb)} is damaged: {error.Message}", error);
        }
    }

    /// <summary>Shows every entry of a tar stream to a visitor.</summary>
    /// <param name="packed">Bytes of the compressed file that the stream comes from; limits what it may unfold to.</param>
    /// <exception cref="InvalidDataException">The stream is damaged, or an entry is refused: names it and says why.</exception>
    public static async Task ReadTarAsync(Stream tar, long packed, Func<PackageEntry, Task> visit, CancellationToken cancellation)
    {
        await using var bounded = new BoundedStream(tar, ArchiveLimits.MaxBytesOf(packed));
        await using var reader = new TarReader(bounded);
        var names = new EntryNames();
        while (await NextAsync(reader, cancellation) is { } entry)
        {
            var name = Relative(entry.Name);
            var isFolder = entry.EntryType == TarEntryType.Directory;
            // The root itself, "./".
            if (name.Length == 0 && isFolder) continue;
            var target = TargetOf(entry, names);
            names.Add(name, isFolder);
            await visit(new PackageEntry("/" + name, entry.EntryType, entry.Mode, target, entry.ModificationTime, entry.DataStream ?? Stream.Null));
        }

        // What follows the end is nobody's, but not without end either.
        await bounded.CopyToAsync(Stream.Null, cancellation);
    }

    private static async ValueTask<TarEntry?> NextAsync(TarReader reader, CancellationToken cancellation)
    {
        try
        {
            return await reader.GetNextEntryAsync(copyData: false, cancellation);
        }
        // What TarReader throws for damaged numbers and for kinds it knows but does not read.
        catch (Exception error) when (error is EndOfStreamException or FormatException or OverflowException or NotSupportedException)
        {
            throw new InvalidDataException(error.Message, error);
        }
    }

    private static string TargetOf(TarEntry entry, EntryNames names)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.Directory or TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                return "";
            case TarEntryType.SymbolicLink:
                return entry.LinkName is { Length: > 0 and <= ArchiveLimits.MaxPath } target ? target :
                    throw new InvalidDataException($"'{entry.Name}' is a link to nothing");
            case TarEntryType.HardLink:
                var other = Relative(entry.LinkName);
                EntryNames.Check(other);
                return names.Contains(other) ? "/" + other
                    : throw new InvalidDataException($"'{entry.Name}' is another name of '{other}', which did not come before it");
            default:
                throw new InvalidDataException($"'{entry.Name}' is of the kind {entry.EntryType}, which no package of ours has");
        }
    }

    /// <summary>Turns <c>./usr/bin/</c> into <c>usr/bin</c>.</summary>
    private static string Relative(string name)
    {
        var path = name.EndsWith('/') ? name[..^1] : name;
        return path == "." ? "" : path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
    }
}
