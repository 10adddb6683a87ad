namespace WaltVpn.ImageBuilder.HostTools;

/// <summary>A program of the machine that builds or inspects images.</summary>
/// <param name="Name">File name, looked up in PATH and in the administrator's folders.</param>
/// <param name="Package">The Debian package that has it.</param>
internal sealed record HostTool(string Name, string Package)
{
    public static readonly HostTool Stat = new("stat", "coreutils");
    public static readonly HostTool AptGet = new("apt-get", "apt");
    public static readonly HostTool AptCache = new("apt-cache", "apt");
    public static readonly HostTool DpkgQuery = new("dpkg-query", "dpkg");
    public static readonly HostTool DpkgDeb = new("dpkg-deb", "dpkg");
    public static readonly HostTool Depmod = new("depmod", "kmod");
    public static readonly HostTool Zstd = new("zstd", "zstd");
    public static readonly HostTool Xz = new("xz", "xz-utils");
    public static readonly HostTool Sfdisk = new("sfdisk", "fdisk");
    public static readonly HostTool MkfsVfat = new("mkfs.vfat", "dosfstools");
    public static readonly HostTool Mcopy = new("mcopy", "mtools");
    public static readonly HostTool Mdir = new("mdir", "mtools");
    public static readonly HostTool Mlabel = new("mlabel", "mtools");
    public static readonly HostTool Mke2fs = new("mke2fs", "e2fsprogs");
    public static readonly HostTool Debugfs = new("debugfs", "e2fsprogs");
    public static readonly HostTool Syslinux = new("syslinux", "syslinux");

    /// <summary>Not a program to run but boot code to copy; named with its path, since it lies beside none.</summary>
    public static readonly HostTool SyslinuxMbr = new("/usr/lib/syslinux/mbr/mbr.bin", "syslinux-common");
}
