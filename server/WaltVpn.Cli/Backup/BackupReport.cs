namespace WaltVpn.Cli.Backup;

/// <summary>What a command did with a backup.</summary>
internal sealed record BackupReport
{
    /// <summary>The backup.</summary>
    public required string File { get; init; }

    /// <summary>What is in it.</summary>
    public required BackupManifest Manifest { get; init; }

    /// <summary>Where files of before lie now.</summary>
    public IReadOnlyList<string> KeptAside { get; init; } = [];

    /// <summary>Decisions after the backup that were made again, a line each.</summary>
    public IReadOnlyList<string> Decided { get; init; } = [];

    /// <summary>What is not in it that one could look for, or must be seen to.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
