using System.Threading.Channels;
using WaltVpn.Agent.Guests.Qmp;
using WaltVpn.Agent.Guests.Usb;
using WaltVpn.Agent.Network;
using WaltVpn.Agent.Startup;
using WaltVpn.Agent.Tunnel;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Guests;

/// <summary>Hand-off, mode vm: the platform's operating system runs in a virtual machine on the board, and is the node on the platform's network.</summary>
/// <remarks>
/// <code>
/// DHCP names an image ─▶ fetched, signature ─▶ the board leaves the network ─▶ bridge ─▶ QEMU, USB ─▶ the guest runs ─▶ it ends: the board starts over
///       └─ tried again, with back-off, for ever                                                                        (and with it its USB ports)
/// </code>
/// </remarks>
/// <param name="wish">The settings.</param>
/// <param name="bootKey">DER of the public key that guests' images are signed with.</param>
internal sealed class GuestNode(GuestWish wish, ReadOnlyMemory<byte> bootKey, StatePartition state, INodeLog log, TimeProvider time)
{
    // In memory: the first root file system.
    private const string Folder = "/guest-image";

    private readonly GuestKind _kind = GuestKind.OfThisBoard();
    private readonly GuestRecord _record = new(state);
    private string _said = "";

    /// <summary>Waits, however long it takes, until the image that the platform names is here.</summary>
    public async Task<GuestFiles> Fetch(PlatformLease platform, CancellationToken stopping)
    {
        var image = new GuestImage(Folder, bootKey, _kind);
        var backoff = new Backoff();
        while (true)
        {
            var change = platform.Change;
            try
            {
                if (platform.Current is not { } lease) throw new StageException("the node has no address on the platform's network.");
                var (source, reason) = GuestSource.Find(lease);
                if (source is null) throw new StageException($"{reason}.");
                platform.RouteTo(source.Address);
                var files = await image.Fetch(source, _record.Epoch, stopping);
                log.Info(BootStage.HandOff, $"the virtual machine's image {files.Sha256[..16]}, epoch {files.Epoch}, is here from {source}");
                return files;
            }
            catch (Exception failure) when (failure is StageException or IOException)
            {
                if (failure.Message != _said) log.Warning(BootStage.HandOff, $"{failure.Message} Trying again.");
                _said = failure.Message;
            }

            // A new DHCP answer counts at once.
            await Task.WhenAny(change, Task.Delay(backoff.Next(), time, stopping));
            stopping.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Runs the virtual machine; returns when it has ended and the board is to start over.</summary>
    /// <param name="files">What it starts.</param>
    /// <param name="tunnel">Its wire.</param>
    /// <param name="uplink">What carries that stays with the board.</param>
    /// <param name="runs">Called when the guest runs.</param>
    public async Task Run(GuestFiles files, TunnelSupervisor tunnel, Uplink uplink, Action runs, CancellationToken stopping)
    {
        var readdressed = new TaskCompletionSource();
        tunnel.Readdressed += () => readdressed.TrySetResult();
        var started = time.GetTimestamp();
        var end = await RunOnce(files, tunnel, uplink, readdressed.Task, runs, stopping);
        var lasted = time.GetElapsedTime(started);
        var wait = GuestPatience.BeforeRestart(lasted, _record.ShortStarts);
        if (lasted < GuestPatience.Lasting) Remember(() => _record.ShortStarts++);
        var after = wait > TimeSpan.Zero ? $" in {StageRunner.Seconds(wait)}, for it has not lasted {_record.ShortStarts} times in a row" : "";
        var text = $"the virtual machine {end.Words}; the board starts over{after}";
        if (end.Kind is GuestEndKind.Restarted or GuestEndKind.SwitchedOff) log.Info(BootStage.HandOff, text);
        else log.Warning(BootStage.HandOff, text);
        await Task.Delay(wait, time, stopping);
    }

    // At once, not at its end: that may be a pulled plug.
    private async Task RememberWhenItLasts(GuestFiles files, CancellationToken over)
    {
        await Task.Delay(GuestPatience.Lasting, time, over);
        Remember(() =>
        {
            _record.ShortStarts = 0;
            _record.Epoch = Math.Max(_record.Epoch, files.Epoch);
        });
    }

    private void Remember(Action change)
    {
        try
        {
            change();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            log.Warning(BootStage.HandOff, $"{failure.Message}. The card cannot remember how the virtual machine fared.");
        }
    }

    private async Task<GuestEnd> RunOnce(
        GuestFiles files, TunnelSupervisor tunnel, Uplink uplink, Task readdressed, Action runs, CancellationToken stopping)
    {
        try
        {
            GuestNetwork.Prepare(tunnel);
            var size = GuestSize.Of(wish, GuestSize.MemoryIn(File.ReadAllText("/proc/meminfo")), Environment.ProcessorCount);
            if (size.Remark is { } remark) log.Warning(BootStage.HandOff, $"{remark}.");
            // Before the first look, so that no device falls between the two.
            var changes = UsbEvents.Listen(log);
            var withKvm = File.Exists("/dev/kvm");
            var arguments = GuestCommand.Arguments(_kind, files, size, tunnel.Identity.VpnMac, GuestMachine.SocketPath, withKvm);
            using var machine = GuestMachine.Start(_kind.Program, arguments, log);
            return await Watch(machine, files, size, (uplink, changes, readdressed), runs, stopping);
        }
        catch (ErrnoException missing) when (missing.Errno == Errno.ENOENT)
        {
            return new GuestEnd(GuestEndKind.Broken, $"cannot start: {missing.Message}. Make the image with waltvpn-image sd --with-vm");
        }
        catch (ErrnoException failure)
        {
            return new GuestEnd(GuestEndKind.Broken, $"cannot start: {failure.Message}");
        }
    }

    private async Task<GuestEnd> Watch(
        GuestMachine machine,
        GuestFiles files,
        GuestSize size,
        (Uplink Uplink, ChannelReader<bool> Changes, Task Readdressed) board,
        Action runs,
        CancellationToken stopping)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        try
        {
            var (qemu, withKvm) = await machine.Begin(stopping);
            if (!withKvm)
                log.Warning(
                    BootStage.HandOff, "this board's processor cannot run virtual machines (no working /dev/kvm): the guest is emulated, and slow.");
            log.Info(BootStage.HandOff, $"the virtual machine runs: {size.Memory} MiB, {size.Cores} processors");
            runs();
            // QEMU has read them.
            File.Delete(files.Kernel);
            File.Delete(files.Initramfs);
            _ = RememberWhenItLasts(files, over.Token);
            var usb = new UsbFollower(() => new UsbTree("/sys").Read(board.Uplink.Name, OwnVolumes.Find()), wish.Usb, log).Run(qemu, board.Changes, over.Token);
            var silent = GuestMachine.UntilSilent(qemu, over.Token);
            var first = await Task.WhenAny(machine.Ended, silent, usb, board.Readdressed).WaitAsync(stopping);
            await over.CancelAsync();
            var because = first == silent ? await silent : first == board.Readdressed ? "the platform knows this node by another address now" : null;
            if (first == usb && usb.Exception?.InnerException is { } failure) because = failure.Message;
            return await machine.End(because);
        }
        catch (QmpException failure)
        {
            return await machine.End(failure.Message);
        }
        finally
        {
            await over.CancelAsync();
        }
    }
}
