using WaltVpn.Linux;

namespace WaltVpn.Agent.Startup;

/// <summary>
/// The ext4 partition that keeps the node's key and identity. Mounted read-only but for the moment of a write, so that a power cut finds it clean.
/// </summary>
internal sealed class StatePartition
{
    /// <summary>Where it is mounted.</summary>
    public const string MountPoint = "/run/walt-vpn/state";

    private const string Label = "WALT_VPN_STATE";
    private const MountFlags Always = MountFlags.MS_NOSUID | MountFlags.MS_NODEV | MountFlags.MS_NOEXEC | MountFlags.MS_NOATIME;

    private const int MostTries = 100;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private readonly object _oneAtATime = new();

    private StatePartition(string directory, bool isKept) => (Directory, IsKept) = (directory, isKept);

    /// <summary>Directory of the files.</summary>
    public string Directory { get; }

    /// <summary>False: in memory only, and gone with this boot.</summary>
    public bool IsKept { get; }

    /// <summary>Finds and mounts it.</summary>
    /// <exception cref="StageException">There is none (yet).</exception>
    /// <exception cref="ErrnoException">It cannot be mounted.</exception>
    public static StatePartition Mount()
    {
        var device = Volume.FindByLabel(Label);
        // Of a node process before this one.
        if (File.ReadLines("/proc/mounts").Any(line => line.Split(' ')[1] == MountPoint)) Linux.Mount.DetachLazily(MountPoint);
        System.IO.Directory.CreateDirectory(MountPoint);
        Linux.Mount.Attach(device, MountPoint, "ext4", Always | MountFlags.MS_RDONLY);
        return At(MountPoint);
    }

    /// <summary>The same where a card is no must; null: there is none (yet).</summary>
    /// <exception cref="ErrnoException">It cannot be mounted.</exception>
    public static StatePartition? TryMount() => Volume.Find(Label) is null ? null : Mount();

    /// <summary>A state partition that is mounted already.</summary>
    internal static StatePartition At(string directory) => new(directory, isKept: true);

    /// <summary>In place of the partition, for a node that has none: a folder in memory, its owner's only.</summary>
    /// <param name="directory">On a tmpfs.</param>
    public static StatePartition InMemory(string directory)
    {
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        System.IO.Directory.CreateDirectory(directory, OwnerOnly);
        return new StatePartition(directory, isKept: false);
    }

    /// <summary>Runs an action that changes files, with the partition writable, and returns when all of it is on the card. One at a time.</summary>
    public void Write(Action change)
    {
        lock (_oneAtATime)
        {
            if (!IsKept)
            {
                change();
                return;
            }

            Linux.Mount.Remount(Directory, Always);
            try
            {
                change();
            }
            finally
            {
                MakeReadOnly();
            }
        }
    }

    /// <summary>A program that another thread starts just now has our open files from its fork to its exec; so long the kernel refuses, and tells nobody when
    /// that is over.</summary>
    private void MakeReadOnly()
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                Linux.Mount.Remount(Directory, Always | MountFlags.MS_RDONLY);
                return;
            }
            catch (ErrnoException busy) when (busy.Errno == Errno.EBUSY && tries < MostTries)
            {
                Thread.Sleep(Pause);
            }
        }
    }
}
