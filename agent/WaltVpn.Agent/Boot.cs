using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using WaltVpn.Agent.Board;
using WaltVpn.Agent.BootFiles;
using WaltVpn.Agent.Enrollment;
using WaltVpn.Agent.Following;
using WaltVpn.Agent.Guests;
using WaltVpn.Agent.HandOff;
using WaltVpn.Agent.Life;
using WaltVpn.Agent.Network;
using WaltVpn.Agent.Reconcile;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Protocol;

namespace WaltVpn.Agent;

/// <summary>The boot story, top to bottom. Each step hands the next what it needs, so that the order cannot be changed by mistake.</summary>
internal sealed class Boot(INodeLog log, NodeLife nodeLife, StageRunner stages, CancellationToken stopping)
{
    /// <summary>The argument that says: the operating system runs already, and needs its tunnel back.</summary>
    public const string HandedOff = "handed-off";

    // The tunnel carries the root: whatever else the kernel must kill for memory, not this process and its children (proc(5), oom_score_adj).
    private const string NeverForMemory = "-1000";

    private readonly BootProgress _progress = new(log, nodeLife.Timeline);
    private IPAddress? _rootServer;
    private TwoStageBoot? _images;

    /// <summary>The node process: boots, and stays for the whole life of the node, beside its operating system when there is one.</summary>
    /// <param name="handedOff">The operating system runs, its root is on this server: see to the tunnel, and nothing else. Null: it does not run yet.</param>
    public static int Run(IPAddress? handedOff)
    {
        File.WriteAllText("/proc/self/oom_score_adj", NeverForMemory);
        using var kernelLog = KernelLog.Open();
        using var stop = new StopSignal { Ignored = handedOff is not null };
        if (handedOff is not null) StayAwake.Begin();
        using var life = new NodeLife(kernelLog, stop, handedOff is not null);
        var log = life.Log;
        var boot = new Boot(log, life, new StageRunner(log, TimeProvider.System), stop.Requested) { _rootServer = handedOff };
        try
        {
            boot.Story(stop).GetAwaiter().GetResult();
            return 0;
        }
        catch (OperationCanceledException) when (stop.Requested.IsCancellationRequested)
        {
            return 0;
        }
#pragma warning disable CA1031 // Say whatever it was: PID 1 starts the machine over, or the tunnel starts over beside a living system.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            log.Warning(BootStage.Shutdown, $"internal error: {bug}");
            life.Failed($"internal error: {bug.Message}");
        }

        if (!stop.Ignored) return 1;
        Thread.Sleep(Shutdown.AfterBug);
        NodeProcess.StartAgain(HandedOff, $"{boot._rootServer}");
        return 1;
    }

    private async Task Story(StopSignal stop)
    {
        LogImage();
        await new ModuleLoader(log).Start();
        await using var eeprom = BoardEeprom.Find(log);
        var (settings, state, memory) = await stages.UntilDone(BootStage.Startup, _ => Task.FromResult(NodeHome.Find(eeprom)), stopping);
        nodeLife.KeepOn(state, stopping);
        SshConfig.WriteForEnrollment(settings);
        var followed = new FollowedSettings(settings, state, log, memory);
        followed.WriteHostKeys();
        var entrypoints = new EntrypointRotation(followed.Ways);
        var board = BoardFacts.Read();

        _progress.MoveTo(BootStage.Network, $"platform {settings.Platform}, {board.Model}{(board.Serial.Length > 0 ? $", serial {board.Serial}" : "")}");
        var uplink = await Uplink.Open(stages, log, stopping);

        _progress.MoveTo(BootStage.Enrollment, "the site's network is up");
        var enrollment = new EnrollmentClient(settings, state, board, uplink.Mac, log);
        var identifying = Identity(settings.Platform, state, enrollment, entrypoints);
        await FirstOf(identifying, uplink.Following);
        var (key, identity) = await identifying;

        _progress.MoveTo(BootStage.BootFiles, $"this node is {identity.Name}, {identity.VpnMac}");
        _images = new TwoStageBoot(settings, followed, state, log);
        // Without a card the firmware has fetched the server's image a moment ago.
        if (_rootServer is null && memory is null) await FirstOf(_images.StartNewest(identity.NodeId, stopping), uplink.Following);

        _progress.MoveTo(BootStage.Tunnel, "what was started last goes on; now the tunnel");
        SshConfig.AddTunnel(key.PrivateKeyPath, identity);
        var follower = new SettingsFollower(followed, settings.Platform, state, nodeLife.Hear, log);
        if (eeprom is not null && _rootServer is null)
        {
            // Not beside the tunnel, as on other boards: what is written may need a start of its own.
            var asking = follower.Ask(entrypoints, key, identity, stopping);
            await FirstOf(asking, uplink.Following);
            identity = await asking;
            var writing = eeprom.Follow(follower.Taken, key, state, stopping);
            await FirstOf(writing, uplink.Following);
            if (await writing) return;
        }

        var guest = _rootServer is null && GuestWish.Of(settings) is { } wish
            ? new GuestNode(wish, Convert.FromBase64String(followed.Told?.BootKey ?? settings.BootKey!), state, log, TimeProvider.System)
            : null;
        // A guest's wire is the tunnel, wherever the board is.
        if (guest is null && await LanCheck.IsPlatformsOwn(uplink.Lease, log))
        {
            if (eeprom is null) identity = await follower.Ask(entrypoints, key, identity, stopping);
            await WithoutTunnel(uplink, identity, state, stop);
            return;
        }

        using var tunnel = TunnelSupervisor.Start(key, identity, enrollment, entrypoints, log, stopping);
        uplink.Regained += tunnel.ConnectNow;
        var reporting = nodeLife.TellThrough(tunnel, stopping);
        var following = follower.Follow(key, tunnel, told => eeprom?.Follow(told, key, state, stopping) ?? Task.CompletedTask, stopping);
        await FirstOf(tunnel.FirstUp, tunnel.Running, uplink.Following);
        _images.CameIn();
        nodeLife.Reached();
        await using var platform = new PlatformNetwork(tunnel, uplink, log);
        await FirstOf(platform.FirstLease, platform.Running, tunnel.Running, uplink.Following);
        var lease = await platform.FirstLease;

        _progress.MoveTo(BootStage.Online, $"{TunnelSupervisor.InterfaceName} has {lease}");
        var life = Task.WhenAny(tunnel.Running, uplink.Following, platform.Running, following, reporting).Unwrap();
        if (guest is null) await Live(platform.Lease, identity, state, stop, life);
        else await LiveAsGuest(guest, identity, (platform, tunnel, uplink), life);
    }

    /// <summary>The node is a virtual machine on this board, until that ends: then the board starts over.</summary>
    private async Task LiveAsGuest(
        GuestNode guest, NodeIdentity identity, (PlatformNetwork Platform, TunnelSupervisor Tunnel, Uplink Uplink) network, Task life)
    {
        log.Info(BootStage.Online, $"{identity.Name} is online");
        var fetching = guest.Fetch(network.Platform.Lease, stopping);
        await FirstOf(fetching, life);
        _progress.MoveTo(BootStage.HandOff, $"the virtual machine takes {network.Platform.Lease.Current} over");
        await network.Platform.Leave();
        await FirstOf(guest.Run(await fetching, network.Tunnel, network.Uplink, nodeLife.Timeline.Complete, stopping), life);
    }

    /// <summary>In the platform's own network: the board's wire is the node's, under the address by which the platform knows the node.</summary>
    private async Task WithoutTunnel(Uplink uplink, NodeIdentity identity, StatePartition state, StopSignal stop)
    {
        var station = uplink.BecomeStation(identity.VpnMac, stopping);
        await FirstOf(station, uplink.Following);
        _images?.CameIn();
        nodeLife.Reached();
        _progress.MoveTo(BootStage.Online, $"the platform's own network has given {uplink.Platform.Current} to {identity.VpnMac}");
        await Live(uplink.Platform, identity, state, stop, uplink.Following);
    }

    private async Task Live(PlatformLease platform, NodeIdentity identity, StatePartition state, StopSignal stop, Task life)
    {
        log.Info(BootStage.Online, $"{identity.Name} is online");
        if (_rootServer is not null) platform.RouteTo(_rootServer);
        else if (!await HandOff(platform, state, stop, life)) return;
        await FirstOf(life);
    }

    /// <summary>Waits for a root, mounts it, and has PID 1 start what is in it.</summary>
    /// <returns>False: no root, and time to start the machine over.</returns>
    private async Task<bool> HandOff(PlatformLease platform, StatePartition state, StopSignal stop, Task life)
    {
        var handOff = new DirectHandOff(platform, state, log, TimeProvider.System);
        var naming = handOff.UntilNamed(stopping);
        await FirstOf(naming, life);
        _progress.MoveTo(BootStage.HandOff, $"the root {(await naming).Root} is {(await naming).Reason}");
        var mounting = handOff.Mount(stopping);
        await FirstOf(mounting, life);
        if (!await mounting) return false;
        // From here on only the operating system ends the machine.
        stop.Ignored = true;
        _rootServer = handOff.Server;
        StayAwake.Begin();
        nodeLife.Arrived();
        NodeProcess.OrderSwitchRoot(handOff.InitPath);
        return true;
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
        if (NodeKey.Stored(state, log) is { } key && StoredIdentity.Read(state, platform, key, log) is { } identity) return (key, identity);
        return await stages.UntilDone(BootStage.Enrollment, _ => enrollment.Ask(entrypoints.Next()), stopping);
    }

    private void LogImage()
    {
        var image = JsonSerializer.Deserialize(File.ReadAllBytes(ImageInfo.Path), ProtocolJson.Default.ImageInfo);
        log.Info(BootStage.Startup, $"waltvpn-agent {image?.Version} for {image?.Board}, {RuntimeInformation.ProcessArchitecture}, built {image?.BuildTime:u}");
        nodeLife.StartedFrom(image, File.ReadAllText("/proc/cmdline"));
        if (image is { TestRuntime: true }) log.Warning(BootStage.Startup, "TEST RUNTIME: this image was made for tests, for no real board");
    }
}
