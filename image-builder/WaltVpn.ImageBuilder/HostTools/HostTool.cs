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
    public static readonly HostTool Gzip = new("gzip", "gzip");
    public static readonly HostTool Dtc = new("dtc", "device-tree-compiler");
    public static readonly HostTool FdtOverlay = new("fdtoverlay", "device-tree-compiler");
    public static readonly HostTool Sfdisk = new("sfdisk", "fdisk");
    public static readonly HostTool MkfsVfat = new("mkfs.vfat", "dosfstools");
    public static readonly HostTool Mcopy = new("mcopy", "mtools");
    public static readonly HostTool Mdir = new("mdir", "mtools");
    public static readonly HostTool Mlabel = new("mlabel", "mtools");
    public static readonly HostTool Mke2fs = new("mke2fs", "e2fsprogs");
    public static readonly HostTool Debugfs = new("debugfs", "e2fsprogs");
    public static readonly HostTool Syslinux = new("syslinux", "syslinux");

    /// <summary>Not a program but the keys that Debian signs its package lists with.</summary>
    public static readonly HostTool ArchiveKeyring = new("/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring");

    /// <summary>Not a program to run but boot code to copy; named with its path, since it lies beside none.</summary>
    public static readonly HostTool SyslinuxMbr = new("/usr/lib/syslinux/mbr/mbr.bin", "syslinux-common");
}
