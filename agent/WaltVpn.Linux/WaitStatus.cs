using System.Runtime.InteropServices;

namespace WaltVpn.Linux;

/// <summary>waitid(2) and waitpid(2), constants from linux/wait.h.</summary>
internal static partial class WaitStatus
{
    /// <summary>Blocks until a child has ended, and leaves it to be reaped.</summary>
    /// <param name="pid">The child; null: any child.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="ErrnoException">ECHILD: there is no such child.</exception>
    public static int UntilExited(int? pid)
    {
        var info = default(ChildInfo);
        while (WaitId((int)(pid is null ? WaitFor.P_ALL : WaitFor.P_PID), pid ?? 0, ref info, (int)(WaitOption.WEXITED | WaitOption.WNOWAIT)) != 0)
        {
            if (Marshal.GetLastPInvokeError() != (int)Errno.EINTR) throw ErrnoException.Last("waitid", pid?.ToString() ?? "any child");
        }

        return info.si_pid;
    }

    /// <summary>Reaps a child if it has ended and nobody did before; else does nothing.</summary>
    public static void ReapIfExited(int pid) => _ = WaitPid(pid, out _, (int)WaitOption.WNOHANG);

    /// <summary>Reaps a child that has ended.</summary>
    /// <exception cref="ErrnoException">ECHILD: it is no child, or somebody reaped it.</exception>
    public static ExitStatus Reap(int pid)
    {
        int status;
        while (WaitPid(pid, out status, 0) < 0)
        {
            if (Marshal.GetLastPInvokeError() != (int)Errno.EINTR) throw ErrnoException.Last("waitpid", pid.ToString());
        }

        // The encoding behind WIFEXITED, WEXITSTATUS and WTERMSIG.
        var signal = status & 0x7F;
        return signal == 0 ? new ExitStatus(status >> 8 & 0xFF, 0) : new ExitStatus(0, signal);
    }

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int idType, int id, ref ChildInfo info, int options);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int pid, out int status, int options);
}
