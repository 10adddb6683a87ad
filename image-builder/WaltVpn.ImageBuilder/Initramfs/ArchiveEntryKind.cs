namespace WaltVpn.ImageBuilder.Initramfs;

/// <summary>The file types an initramfs of ours has, with their bits of the mode (inode(7), S_IFMT).</summary>
internal enum ArchiveEntryKind
{
    Folder = 0x4000,
    File = 0x8000,
    Link = 0xA000,
}
