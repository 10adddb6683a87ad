using System.Net;
using WaltVpn.Agent.Network;
using WaltVpn.Agent.Startup;

namespace WaltVpn.Agent.HandOff;

/// <summary>Hand-off, direct: the root the platform names is mounted over its network, and init told to start what is in it (docs/handoff.md).</summary>
internal sealed class DirectHandOff(PlatformLease platform, StatePartition state, INodeLog log, TimeProvider time)
{
    private readonly KernelCommandLine _line = KernelCommandLine.Read();
    private readonly RootRestarts _restarts = new(state);
    private static readonly TimeSpan ForMount = TimeSpan.FromSeconds(30);

    private string _said = "";
    private string _saidOfOptions = "";

    /// <summary>Waits, however long it takes, until the platform names a root that can be used.</summary>
    public async Task<RootNaming> UntilNamed(CancellationToken stopping)
    {
        while (true)
        {
            var change = platform.Change;
            if (platform.Current is { } lease)
            {
                var naming = RootNaming.Find(_line, lease);
                if (naming.Root is not null) return naming;
                if (naming.Unsaid) Say(log.Info, BootStage.Online, $"{naming.Reason}; tunnel only");
                else Say(log.Warning, BootStage.Online, naming.Reason);
            }

            await change.WaitAsync(stopping);
        }
    }

    /// <summary>Tries until the root is mounted and fit.</summary>
    /// <returns>True: path of its init is <see cref="InitPath"/>. False: it is time to restart the machine.</returns>
    public async Task<bool> Mount(CancellationToken stopping)
    {
        var patience = new RootPatience(_line.RootDelay, _restarts.Count);
        var started = time.GetTimestamp();
        var warned = false;
        while (true)
        {
            var attempt = TryOnce(stopping);
            while (await Task.WhenAny(attempt, Task.Delay(ForMount, time, stopping)) != attempt && !stopping.IsCancellationRequested)
            {
                Say(log.Warning, BootStage.HandOff, $"the NFS server takes connections, but has not answered for {StageRunner.Seconds(ForMount)}; waiting for it.");
                // The kernel does not give up a mount that hangs: with it hangs this boot.
                if (patience.Next(time.GetElapsedTime(started)) is null) return Restart("the NFS server does not answer");
            }

            if (await attempt is not { } failure) break;
            Say(log.Retry, BootStage.HandOff, $"{failure} Trying again every second, for {StageRunner.Seconds(patience.RootDelay)}.");
            var elapsed = time.GetElapsedTime(started);
            if (elapsed >= patience.RootDelay && !warned)
            {
                warned = true;
                log.Warning(BootStage.HandOff, $"no root within {StageRunner.Seconds(patience.RootDelay)}. Trying on; as a last resort the node "
                    + $"restarts in {patience.BeforeRestart.TotalMinutes:0} min, after {_restarts.Count} restarts for this reason.");
            }

            if (patience.Next(elapsed) is not { } wait)
            {
                return Restart(failure);
            }

            await Task.Delay(wait, time, stopping);
        }

        _restarts.Clear();
        return true;
    }

    private bool Restart(string failure)
    {
        _restarts.Add();
        log.Warning(BootStage.HandOff, $"no root: restarting the node. What was tried last: {failure}");
        return false;
    }

    /// <summary>Who has the root, once it is mounted.</summary>
    public IPAddress? Server { get; private set; }

    /// <summary>The program that becomes PID 1.</summary>
    public string InitPath => _line.Init;

    // Null: it is mounted.
    private async Task<string?> TryOnce(CancellationToken stopping)
    {
        try
        {
            if (platform.Current is not { } lease) return "the node has no address on the platform's network.";
            if (RootNaming.Find(_line, lease) is not { Root: { } root } naming) return "the platform no longer names a root.";
            SayLeftOut(root);
            platform.RouteTo(root.Server);
            var version = await NfsRoot.Mount(root, lease, _line.ReadOnly, stopping);
            NewRoot.Prepare(NfsRoot.MountPoint, InitPath, lease);
            Server = root.Server;
            log.Info(BootStage.HandOff, $"{root}, {naming.Reason}, is mounted by NFS {version}; starting its {InitPath}");
            return null;
        }
        catch (StageException failure)
        {
            NewRoot.Abandon(NfsRoot.MountPoint);
            return failure.Message;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            NewRoot.Abandon(NfsRoot.MountPoint);
            return $"{failure.Message}.";
        }
    }

    private void SayLeftOut(RootSpec root)
    {
        if (root.Options.LeftOut.Count == 0) return;
        var text = $"options of {root} that are not taken: {string.Join(", ", root.Options.LeftOut)}";
        if (text != _saidOfOptions) log.Warning(BootStage.HandOff, text);
        _saidOfOptions = text;
    }

    // An attempt each second: only what is new is said.
    private void Say(Action<BootStage, string> how, BootStage stage, string text)
    {
        if (text != _said) how(stage, text);
        _said = text;
    }
}
