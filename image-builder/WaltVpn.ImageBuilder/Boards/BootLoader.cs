namespace WaltVpn.ImageBuilder.Boards;

/// <summary>What starts the kernel: <see cref="SyslinuxLoader"/> or <see cref="PiFirmware"/>.</summary>
internal abstract record BootLoader
{
    /// <summary>Name of the kernel's file on the boot partition.</summary>
    public abstract string KernelName { get; }
}
