namespace WaltVpn.ImageBuilder.Boards;

/// <summary>PC BIOS: boot code in the MBR, SYSLINUX on the boot partition.</summary>
internal sealed record SyslinuxLoader : BootLoader
{
    /// <inheritdoc/>
    public override string KernelName => "vmlinuz";
}
