using System.Threading.Channels;
using WaltVpn.Agent.Guests.Qmp;

namespace WaltVpn.Agent.Guests.Usb;

/// <summary>Keeps the guest's USB devices those that it should have, through plug and unplug.</summary>
/// <param name="look">Reads the board's devices.</param>
/// <param name="policy">The settings.</param>
/// <param name="log">Says what goes where.</param>
internal sealed class UsbFollower(Func<IReadOnlyList<UsbDevice>> look, UsbPolicy policy, INodeLog log)
{
    /// <summary>A device that QEMU could not take, perhaps because it was just being plugged, is offered again so often.</summary>
    private const int MostTries = 5;

    // Also without an event: one may have been lost, and the board may use other devices than before.
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(5);

    // The kernel shows a device before its interfaces, and these before what its drivers make of them: too early to say whose it is.
    private static readonly TimeSpan ForDrivers = TimeSpan.FromSeconds(2);

    private readonly Dictionary<UsbPlug, string> _given = [];
    private readonly Dictionary<UsbPlug, int> _failures = [];
    // What the board lives from stays its own when it comes back.
    private readonly Dictionary<(string Port, ushort Vendor, ushort Product), string> _own = [];
    private readonly HashSet<string> _said = [];
    private HashSet<UsbPlug> _seen = [];
    private int _count;

    /// <summary>Follows until it is stopped.</summary>
    /// <param name="qemu">The guest's.</param>
    /// <param name="changes">See <see cref="UsbEvents"/>.</param>
    /// <exception cref="QmpException">QEMU cannot be spoken to any more.</exception>
    public async Task Run(QmpConnection qemu, ChannelReader<bool> changes, CancellationToken stopping)
    {
        while (true)
        {
            if (await Step(qemu, stopping)) await Task.Delay(ForDrivers, stopping);
            else await Changed(changes, stopping);
        }
    }

    /// <summary>One look, and what follows from it. A device is given when it is there for the second time.</summary>
    /// <returns>True when there was one for the first time.</returns>
    /// <exception cref="QmpException">QEMU cannot be spoken to any more.</exception>
    internal async Task<bool> Step(QmpConnection qemu, CancellationToken stopping)
    {
        var present = look().Select(Remembered).ToList();
        var plan = UsbPlan.Of(present, _given.Keys, policy);
        foreach (var (device, reason) in plan.Keep) SayOnce($"USB {device} stays with the board: {reason}");
        foreach (var plug in plan.Release) await Release(qemu, plug, stopping);
        foreach (var gone in _failures.Keys.Where(plug => present.All(device => device.Plug != plug)).ToList()) _failures.Remove(gone);
        var known = _seen;
        _seen = [.. present.Select(device => device.Plug)];
        foreach (var device in plan.Give.Where(device => known.Contains(device.Plug) && _failures.GetValueOrDefault(device.Plug) < MostTries))
            await Give(qemu, device, stopping);
        return plan.Give.Any(device => !known.Contains(device.Plug));
    }

    private UsbDevice Remembered(UsbDevice device)
    {
        var key = (device.Port, device.Vendor, device.Product);
        if (device.UsedFor is { } used) _own[key] = used;
        return device with { UsedFor = device.UsedFor ?? _own.GetValueOrDefault(key) };
    }

    private async Task Give(QmpConnection qemu, UsbDevice device, CancellationToken stopping)
    {
        var id = $"usb{++_count}";
        try
        {
            // QEMU runs as nobody.
            File.SetUnixFileMode(device.Node, (UnixFileMode)0b110_110_110);
            await qemu.Execute(QmpCommand.AddUsb(id, device.Node), stopping);
            _given.Add(device.Plug, id);
            log.Info(BootStage.HandOff, $"USB {device} is the guest's");
        }
        catch (IOException gone) when (gone is not QmpException { Refused: false })
        {
            Failed(device, gone.Message);
        }
        catch (UnauthorizedAccessException gone)
        {
            Failed(device, gone.Message);
        }
    }

    // It vanished while it was given, or something on the board holds it.
    private void Failed(UsbDevice device, string reason)
    {
        var tries = _failures[device.Plug] = _failures.GetValueOrDefault(device.Plug) + 1;
        var next = tries < MostTries ? "Trying again" : "Plug it again to try again";
        if (tries is 1 or MostTries) log.Warning(BootStage.HandOff, $"USB {device} cannot be given to the guest: {reason.TrimEnd('.')}. {next}.");
    }

    private async Task Release(QmpConnection qemu, UsbPlug plug, CancellationToken stopping)
    {
        _given.Remove(plug, out var id);
        try
        {
            await qemu.Execute(QmpCommand.Remove(id!), stopping);
            log.Info(BootStage.HandOff, $"USB port {plug.Port}: released");
        }
        catch (QmpException unknown) when (unknown.Refused)
        {
            // QEMU may have let go of it by itself.
            log.Info(BootStage.HandOff, $"USB port {plug.Port}: released ({unknown.Message})");
        }
    }

    private void SayOnce(string text)
    {
        if (_said.Add(text)) log.Info(BootStage.HandOff, text);
    }

    private static async Task Changed(ChannelReader<bool> changes, CancellationToken stopping)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        enough.CancelAfter(BetweenLooks);
        try
        {
            await changes.ReadAsync(enough.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            // Time for a look.
        }
    }
}
