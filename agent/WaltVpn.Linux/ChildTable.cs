namespace WaltVpn.Linux;

/// <summary>The children this process started itself and has not reaped yet.</summary>
/// <remarks>Starting, signalling and reaping exclude each other, so a pid is never used after it may have been given to another process.</remarks>
internal static class ChildTable
{
    // A monitor, not a Lock: Orphans waits on it for changes.
    private static readonly object s_changed = new();
    private static readonly HashSet<int> s_own = [];

    /// <summary>Starts a child and enters it, before anybody can see it exit.</summary>
    public static int Add(Func<int> start)
    {
        lock (s_changed)
        {
            var pid = start();
            s_own.Add(pid);
            Monitor.PulseAll(s_changed);
            return pid;
        }
    }

    /// <summary>Reaps an own child that has exited, and forgets it.</summary>
    public static ExitStatus Reap(int pid)
    {
        lock (s_changed)
        {
            s_own.Remove(pid);
            Monitor.PulseAll(s_changed);
            return WaitStatus.Reap(pid);
        }
    }

    /// <summary>Runs the action if the pid is an own child that was not reaped.</summary>
    public static void WhileOwn(int pid, Action action)
    {
        lock (s_changed)
        {
            if (s_own.Contains(pid)) action();
        }
    }

    /// <summary>Deals with a child that was seen to have exited: an orphan is reaped, an own one waited for until its owner reaped it.</summary>
    public static void ReapUnlessOwn(int pid)
    {
        lock (s_changed)
        {
            if (!s_own.Contains(pid)) WaitStatus.ReapIfExited(pid);
            else while (s_own.Contains(pid)) Monitor.Wait(s_changed);
        }
    }

    /// <summary>Does something to every own child until there is none, also to one that is started meanwhile.</summary>
    public static void EndAll(Action<int> end)
    {
        lock (s_changed)
        {
            while (s_own.Count > 0)
            {
                foreach (var pid in s_own) end(pid);
                Monitor.Wait(s_changed);
            }
        }
    }

    /// <summary>Does something to every own child.</summary>
    public static void ForEach(Action<int> action)
    {
        lock (s_changed)
        {
            foreach (var pid in s_own) action(pid);
        }
    }

    /// <summary>Blocks until there is an own child.</summary>
    public static void UntilAny()
    {
        lock (s_changed)
        {
            while (s_own.Count == 0) Monitor.Wait(s_changed);
        }
    }
}
