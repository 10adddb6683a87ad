namespace WaltVpn.ImageBuilder.Boards;

/// <summary>What starts the kernel.</summary>
internal enum BootLoader
{
    /// <summary>PC BIOS: boot code in the MBR, SYSLINUX on the boot partition.</summary>
    Syslinux,
}
