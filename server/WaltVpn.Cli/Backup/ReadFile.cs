namespace WaltVpn.Cli.Backup;

/// <summary>A file of a backup that was read: a key in memory, everything else in a folder of root's alone.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="Content">All of it, where it lies nowhere.</param>
internal sealed record ReadFile(string? Path, MemoryStream? Content)
{
    /// <summary>For the daemon, which reads settings and database.</summary>
    public string OnDisk => Path!;

    /// <summary>From its beginning.</summary>
    public Stream Open() => Path is { } path ? File.OpenRead(path) : new MemoryStream(Content!.ToArray(), writable: false);
}
