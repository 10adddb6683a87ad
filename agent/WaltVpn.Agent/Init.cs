using WaltVpn.Agent.HandOff;
using WaltVpn.Agent.Startup;
using WaltVpn.Linux;

namespace WaltVpn.Agent;

/// <summary>PID 1 of the initramfs: mounts, reaps, shuts down, and becomes the init of the node's own operating system when the node process says so.</summary>
internal static class Init
{
    /// <summary>Never returns but to shut the machine down.</summary>
    public static int Run()
    {
        MountTable.MountAll();
        using var log = KernelLog.Open();
        new Thread(Orphans.ReapForever) { Name = "orphan reaper", IsBackground = true }.Start();
        using var shutdown = Shutdown.OnSignal(log);
        using var node = NodeProcess.Start();
        using (shutdown.Requested.Register(node.Stop))
        {
            if (node.NextOrder() is { } init) BecomeInit(init, log);
            // Without an order it has ended: asked to, to start over without a root, or by an error it has named.
            var status = node.Exited();
            if (!status.Success && !shutdown.Requested.IsCancellationRequested)
            {
                log.Warning(BootStage.Shutdown, $"the node process ended with {status}; starting over in {Shutdown.AfterBug.TotalSeconds:0} s");
                Thread.Sleep(Shutdown.AfterBug);
            }
        }

        shutdown.Complete();
        return 0;
    }

    private static void BecomeInit(string init, KernelLog log)
    {
        try
        {
            SwitchRoot.Into(NfsRoot.MountPoint, init);
        }
        catch (ErrnoException failure)
        {
            // E.g. an init for another processor. The first root is out of reach: only a new start helps, and it tries the root again.
            log.Warning(BootStage.HandOff, $"{failure.Message}. Starting over in {Shutdown.AfterBug.TotalSeconds:0} s.");
            Thread.Sleep(Shutdown.AfterBug);
            Reboot.Sync();
            Reboot.Restart();
        }
    }
}
