namespace WaltVpn.Cli.Backup;

/// <summary>Where a file of a backup stands on a server. Its owner is its folder's.</summary>
/// <param name="Name">One of <see cref="BackupNames"/>.</param>
/// <param name="Path">Absolute.</param>
/// <param name="Mode">Permissions.</param>
/// <param name="IsNeeded">A backup without it would not bring the nodes back.</param>
internal sealed record BackupPlace(string Name, string Path, UnixFileMode Mode, bool IsNeeded = false);
