namespace WaltVpn.ImageBuilder.Initramfs;

/// <summary>A file, folder or symbolic link of an initramfs. All belong to root.</summary>
/// <param name="Path">Without the slash in front, parts separated by one slash.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Permission bits.</param>
/// <param name="Data">A file's content, a link's target in UTF-8, nothing for a folder.</param>
internal sealed record ArchiveEntry(string Path, ArchiveEntryKind Kind, UnixFileMode Mode, ReadOnlyMemory<byte> Data);
