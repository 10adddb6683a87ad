namespace WaltVpn.Linux;

/// <summary>Init's duty: processes whose parent has died become children of PID 1, which must reap them.</summary>
public static class Orphans
{
    /// <summary>Reaps them as they exit; children started through <see cref="ChildProcess"/> are left to it. Never returns; give it a thread.</summary>
    public static void ReapForever()
    {
        while (true)
        {
            // Without any child there is no orphan to come: the next one descends from the next child.
            if (NextExited() is { } pid) ChildTable.ReapUnlessOwn(pid);
            else ChildTable.UntilAny();
        }
    }

    private static int? NextExited()
    {
        try
        {
            return WaitStatus.UntilExited(pid: null);
        }
        catch (ErrnoException none) when (none.Errno == Errno.ECHILD)
        {
            return null;
        }
    }
}
