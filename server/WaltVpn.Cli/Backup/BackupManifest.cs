namespace WaltVpn.Cli.Backup;

/// <summary>The first member of a backup: what it was made of, and every file that follows, in order.</summary>
internal sealed record BackupManifest
{
    /// <summary>What this program writes; a later format is refused.</summary>
    public const int NewestFormat = 1;

    /// <summary>Of the archive's layout, from 1.</summary>
    public required int Format { get; init; }

    /// <summary>The WaltVpn that made it, <c>0.1.0</c>.</summary>
    public required string Version { get; init; }

    /// <summary>The platform's id.</summary>
    public required string Platform { get; init; }

    /// <summary>The server's fully qualified name.</summary>
    public required string ServerName { get; init; }

    /// <summary>What the server knew then stands in it, nothing later.</summary>
    public required DateTimeOffset MadeAt { get; init; }

    /// <summary>Of the database.</summary>
    public required long Schema { get; init; }

    /// <summary>The members behind this one.</summary>
    public required IReadOnlyList<BackupFile> Files { get; init; }
}

/// <summary>One file of a backup.</summary>
internal sealed record BackupFile
{
    /// <summary>One of <see cref="BackupNames"/>.</summary>
    public required string Name { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>64 hexadecimal digits, lower case.</summary>
    public required string Sha256 { get; init; }
}
