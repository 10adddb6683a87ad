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

    private readonly Dictionary<(string Port, int Bus, int Number), string> _given = [];
    private readonly Dictionary<(string Port, int Bus, int Number), int> _failures = [];
    private readonly HashSet<string> _said = [];
    private int _count;

    /// <summary>Follows until it is stopped.</summary>
    /// <param name="qemu">The guest's.</param>
    /// <param name="changes">See <see cref="UsbEvents"/>.</param>
    /// <exception cref="QmpException">QEMU cannot be spoken to any more.</exception>
    public async Task Run(QmpConnection qemu, ChannelReader<bool> changes, CancellationToken stopping)
    {
        while (true)
        {
            await Step(qemu, stopping);
            await Changed(changes, stopping);
        }
    }

    /// <summary>One look, and what follows from it.</summary>
    /// <exception cref="QmpException">QEMU cannot be spoken to any more.</exception>
    internal async Task Step(QmpConnection qemu, CancellationToken stopping)
    {
        var present = look();
        var plan = UsbPlan.Of(present, _given.Keys, policy);
        foreach (var (device, reason) in plan.Keep) SayOnce($"USB {device} stays with the board: {reason}");
        foreach (var plug in plan.Release) await Release(qemu, plug, stopping);
        foreach (var gone in _failures.Keys.Where(plug => present.All(device => device.Plug != plug)).ToList()) _failures.Remove(gone);
        foreach (var device in plan.Give.Where(device => _failures.GetValueOrDefault(device.Plug) < MostTries)) await Give(qemu, device, stopping);
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

    private async Task Release(QmpConnection qemu, (string Port, int Bus, int Number) plug, CancellationToken stopping)
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
