using WaltVpn.Agent.Network;
using WaltVpn.Linux;

namespace WaltVpn.Agent.HandOff;

/// <summary>Makes a mounted file system fit to be the root: all that can fail, before anything is changed for good.</summary>
internal static class NewRoot
{
    private sealed record Row(string Type, string Directory, MountFlags Flags, string Data);

    private static readonly Row[] Rows =
    [
        new("proc", "proc", MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC, ""),
        new("sysfs", "sys", MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC, ""),
        // The same devices as here: there is one devtmpfs in a kernel.
        new("devtmpfs", "dev", MountFlags.MS_NOSUID, "mode=755"),
        // Not the same /run as here: the node's key and the tunnel's sockets are none of the operating system's business.
        new("tmpfs", "run", MountFlags.MS_NOSUID | MountFlags.MS_NODEV, "mode=755,size=20%"),
    ];

    /// <summary>Looks for the init, mounts the virtual file systems, and leaves word in /run where the node's services listen.</summary>
    /// <param name="folder">Where the root is mounted.</param>
    /// <param name="init">Path of the init in it.</param>
    /// <param name="lease">The node's address on the platform's network.</param>
    /// <exception cref="StageException">It is no root file system.</exception>
    /// <exception cref="ErrnoException">The kernel refused.</exception>
    public static void Prepare(string folder, string init, DhcpLease lease)
    {
        if (RootFolder.TypeOf(folder, init) != FileType.S_IFREG)
            throw new StageException($"the root has no program {init}. Is it the right export, and is its path whole?");
        foreach (var row in Rows)
        {
            var directory = new DirectoryInfo(Path.Combine(folder, row.Directory));
            // Of a symbolic link the kernel would follow where it leads here.
            if (!directory.Exists || directory.LinkTarget is not null) throw new StageException($"the root has no directory /{row.Directory} to mount on.");
            Mount.Attach(row.Type, directory.FullName, row.Type, row.Flags, row.Data);
        }

        NetServiceAddress.Write(Path.Combine(folder, "run"), lease.Address);
    }

    /// <summary>Lets go of a root that is not fit, and of what was mounted in it.</summary>
    public static void Abandon(string folder)
    {
        try
        {
            Mount.DetachLazily(folder);
        }
        catch (ErrnoException notMounted) when (notMounted.Errno is Errno.EINVAL or Errno.ENOENT)
        {
            // It did not come to a mount.
        }
    }
}
