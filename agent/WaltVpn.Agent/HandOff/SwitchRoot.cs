using WaltVpn.Linux;

namespace WaltVpn.Agent.HandOff;

/// <summary>PID 1's part of the hand-off.</summary>
/// <remarks>
/// The first root file system stays below the new one, with its programs, /proc, /sys, /dev and /run: no path of the new system leads there, but the node
/// process and its children, started before, go on in it as if nothing had happened. The kernel's own helpers (modprobe) go with PID 1.
/// </remarks>
internal static class SwitchRoot
{
    // What the kernel gives an init (init/main.c).
    private static readonly string[] s_environment = ["HOME=/", "TERM=linux", "PATH=/sbin:/usr/sbin:/bin:/usr/bin"];

    /// <summary>LAYS THE NEW ROOT OVER THE OLD ONE AND BECOMES ITS INIT. This process's code ends here.</summary>
    /// <param name="folder">Where <see cref="NewRoot.Prepare"/> made it ready.</param>
    /// <param name="init">Path of the init in it.</param>
    /// <exception cref="ErrnoException">The kernel refused; the root may be the new one already.</exception>
    public static void Into(string folder, string init)
    {
        Directory.SetCurrentDirectory(folder);
        Mount.Move(".", "/");
        RootFolder.Enter(".");
        Directory.SetCurrentDirectory("/");
        Exec.Become(init, s_environment, "/dev/console");
    }
}
