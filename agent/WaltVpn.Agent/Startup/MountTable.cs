using WaltVpn.Linux;

namespace WaltVpn.Agent.Startup;

/// <summary>The virtual file systems of early userspace, as data. /proc is mounted by /init: a .NET program cannot start without it.</summary>
internal static class MountTable
{
    private sealed record Row(string Type, string Directory, MountFlags Flags, string Data, string Reason);

    private static readonly Row[] Rows =
    [
        new("sysfs", "/sys", MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC, "", "devices, their modaliases, links"),
        new("devtmpfs", "/dev", MountFlags.MS_NOSUID, "mode=755", "device nodes as drivers appear"),
        new("tmpfs", "/run", MountFlags.MS_NOSUID | MountFlags.MS_NODEV, "mode=755,size=16m", "what lives for one boot; it survives a switch of root"),
    ];

    /// <summary>Mounts them all.</summary>
    /// <exception cref="ErrnoException">One failed: the machine cannot go on.</exception>
    public static void MountAll()
    {
        foreach (var row in Rows)
        {
            Directory.CreateDirectory(row.Directory);
            Mount.Attach(row.Type, row.Directory, row.Type, row.Flags, row.Data);
        }
    }
}
