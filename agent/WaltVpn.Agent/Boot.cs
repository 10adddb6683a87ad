using System.Runtime.InteropServices;
using System.Text.Json;
using WaltVpn.Agent.Board;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Network;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Agent;

/// <summary>The boot story, top to bottom. Each step hands the next what it needs, so that the order cannot be changed by mistake.</summary>
internal sealed class Boot(INodeLog log, StageRunner stages, CancellationToken stopping)
{
    private readonly BootProgress _progress = new(log);

    /// <summary>PID 1: boots, stays, and never returns but to shut the machine down.</summary>
    public static int Run()
    {
        MountTable.MountAll();
        using var log = KernelLog.Open();
        new Thread(Orphans.ReapForever) { Name = "orphan reaper", IsBackground = true }.Start();
        using var shutdown = Shutdown.OnSignal(log);
        try
        {
            new Boot(log, new StageRunner(log, TimeProvider.System), shutdown.Requested).Story().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (shutdown.Requested.IsCancellationRequested)
        {
            // The story ends only so.
        }
#pragma warning disable CA1031 // PID 1 has no caller: whatever it was, say it and start over with a fresh machine.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            log.Warning(BootStage.Shutdown, $"internal error, starting over in {Shutdown.AfterBug.TotalSeconds:0} s: {bug}");
            Thread.Sleep(Shutdown.AfterBug);
        }

        shutdown.Complete();
        return 0;
    }

    private async Task Story()
    {
        LogImage();
        await new ModuleLoader(log).Start();
        var settings = await stages.UntilDone(BootStage.Startup, _ => Task.FromResult(BootPartition.ReadSettings()), stopping);
        var state = await stages.UntilDone(BootStage.Startup, _ => Task.FromResult(StatePartition.Mount()), stopping);
        SshConfig.WriteForEnrollment(settings);
        var entrypoints = new EntrypointRotation(settings);
        var board = BoardFacts.Read();

        _progress.MoveTo(BootStage.Network, $"platform {settings.Platform}, {board.Model}{(board.Serial.Length > 0 ? $", serial {board.Serial}" : "")}");
        var uplink = await Uplink.Open(stages, log, stopping);

        _progress.MoveTo(BootStage.Enrollment, "the site's network is up");
        var enrollment = new EnrollmentClient(settings, state, board, uplink.Mac, log);
        var identifying = Identity(settings.Platform, state, enrollment, entrypoints);
        await FirstOf(identifying, uplink.Following);
        var (key, identity) = await identifying;

        _progress.MoveTo(BootStage.Tunnel, $"this node is {identity.Name}, {identity.VpnMac}");
        using var tunnel = TunnelSupervisor.Start(key, identity, enrollment, entrypoints, log, stopping);
        uplink.Regained += tunnel.ConnectNow;
        await FirstOf(tunnel.FirstUp, tunnel.Running, uplink.Following);
        await using var platform = new PlatformNetwork(tunnel, uplink, log);
        await FirstOf(platform.FirstLease, platform.Running, tunnel.Running, uplink.Following);
        var lease = await platform.FirstLease;

        _progress.MoveTo(BootStage.Online, $"{TunnelSupervisor.InterfaceName} has {lease}");
        log.Info(BootStage.Online, $"{identity.Name} is online");
        await FirstOf(tunnel.Running, uplink.Following, platform.Running);
    }

    // Nothing that runs beside the story dies unseen: its failure becomes the story's.
    private async Task FirstOf(params Task[] tasks)
    {
        await await Task.WhenAny(tasks).WaitAsync(stopping);
        stopping.ThrowIfCancellationRequested();
    }

    private async Task<(NodeKey Key, NodeIdentity Identity)> Identity(
        string platform, StatePartition state, EnrollmentClient enrollment, EntrypointRotation entrypoints)
    {
        if (NodeKey.Stored(state) is { } key && StoredIdentity.Read(state, platform, key, log) is { } identity) return (key, identity);
        return await stages.UntilDone(BootStage.Enrollment, _ => enrollment.Ask(entrypoints.Next()), stopping);
    }

    private void LogImage()
    {
        var image = JsonSerializer.Deserialize(File.ReadAllBytes(ImageInfo.Path), ProtocolJson.Default.ImageInfo);
        log.Info(BootStage.Startup, $"waltvpn-agent {image?.Version} for {image?.Board}, {RuntimeInformation.ProcessArchitecture}, built {image?.BuildTime:u}");
        if (image is { TestRuntime: true }) log.Warning(BootStage.Startup, "TEST RUNTIME: this image was made for tests, for no real board");
    }
}
