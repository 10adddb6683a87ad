using System.Formats.Tar;

namespace WaltVpn.ImageBuilder.Packages;

/// <summary>The files of several packages as one tree in memory, from which single files are taken by name.</summary>
internal sealed class PackageTree
{
    /// <summary>As many as the kernel follows (MAXSYMLINKS).</summary>
    private const int MaxLinks = 40;

    /// <summary>Where libraries and programs lie; documentation, translations and the like are not kept, but the licence
    /// that the firmware may not go without, and a virtual machine's firmware.</summary>
    private static readonly string[] _kept =
        ["/bin/", "/sbin/", "/lib/", "/lib64/", "/usr/bin/", "/usr/sbin/", "/usr/lib/", "/usr/lib64/", "/usr/share/doc/raspi-firmware/",
         "/usr/share/qemu/", "/usr/share/seabios/"];

    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);

    /// <summary>The latest date of all files.</summary>
    public DateTimeOffset Newest { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>Adds a package's files.</summary>
    /// <exception cref="ImageException">Two packages have the same file, or the package is refused by <see cref="PackageReader"/>.</exception>
    public Task AddAsync(PackageReader reader, string deb, CancellationToken cancellation) => reader.ReadAsync(deb, async entry =>
    {
        if (entry.Type == TarEntryType.Directory || !_kept.Any(folder => entry.Path.StartsWith(folder, StringComparison.Ordinal))) return;
        if (entry.Modified > Newest) Newest = entry.Modified;
        if (entry.Type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
        {
            _links[entry.Path] = Combine(entry.Path, entry.Target);
            return;
        }

        using var data = new MemoryStream();
        await entry.Data.CopyToAsync(data, cancellation);
        if (!_files.TryAdd(entry.Path, data.ToArray())) throw new ImageException($"two packages have {entry.Path}");
    }, cancellation);

    /// <summary>The content of a file, links followed; null when there is none of that name.</summary>
    /// <param name="path">Absolute. Found under <c>/usr</c> as well, since Debian moves all there.</param>
    public byte[]? Find(string path)
    {
        for (var i = 0; i < MaxLinks; i++)
        {
            if (_files.TryGetValue(path, out var data) || _files.TryGetValue("/usr" + path, out data)) return data;
            if (!_links.TryGetValue(path, out var target) && !_links.TryGetValue("/usr" + path, out target)) return null;
            path = target;
        }

        return null;
    }

    /// <summary>Applies a link's target to the folder of the link; climbing above the root stays at the root, as the kernel has it.</summary>
    private static string Combine(string link, string target) => Path.GetFullPath(target, Path.GetDirectoryName(link)!);
}
