using System.Text;

namespace WaltVpn.ImageBuilder.Archives;

/// <summary>The names of an archive's entries, each checked against those before it (docs/security.md IMG-1).</summary>
internal sealed class EntryNames
{
    private readonly Dictionary<string, bool> _isFolder = new(StringComparer.Ordinal);

    /// <summary>True for a path that came before.</summary>
    public bool Contains(string path) => _isFolder.ContainsKey(path);

    /// <summary>Takes the next name.</summary>
    /// <param name="path">Relative to the archive's root, parts separated by one slash.</param>
    /// <param name="isFolder">Whether others may lie below it.</param>
    /// <exception cref="InvalidDataException">It is absolute, climbs, is too long, has control characters, comes twice, lies
    /// below a file or link, or is one too many.</exception>
    public void Add(string path, bool isFolder)
    {
        Check(path);
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            if (_isFolder.TryGetValue(path[..slash], out var folder) && !folder) throw new InvalidDataException($"'{path}' lies below what is no folder");
        }

        if (!_isFolder.TryAdd(path, isFolder)) throw new InvalidDataException($"'{path}' is in it twice");
        if (_isFolder.Count > ArchiveLimits.MaxEntries) throw new InvalidDataException($"it has more than {ArchiveLimits.MaxEntries} entries");
    }

    /// <summary>Looks at a path by itself.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Add"/>.</exception>
    public static void Check(string path)
    {
        if (path.StartsWith('/')) throw new InvalidDataException($"'{path}' is an absolute path");
        if (path.Any(char.IsControl)) throw new InvalidDataException("a name has control characters");
        if (Encoding.UTF8.GetByteCount(path) > ArchiveLimits.MaxPath) throw new InvalidDataException($"a path has more than {ArchiveLimits.MaxPath} bytes");
        foreach (var part in path.Split('/'))
        {
            if (part is "" or "." or "..") throw new InvalidDataException($"'{path}' is not a plain path");
            if (Encoding.UTF8.GetByteCount(part) > ArchiveLimits.MaxName) throw new InvalidDataException($"a name has more than {ArchiveLimits.MaxName} bytes");
        }
    }
}
