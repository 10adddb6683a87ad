namespace WaltVpn.Agent.Guests.Usb;

/// <summary>What is to be done so that the guest has the devices it should have. No input, no output.</summary>
/// <param name="Release">Plugs that are gone, or that the board needs itself now.</param>
/// <param name="Give">Devices that the guest has not got yet.</param>
/// <param name="Keep">Devices that stay with the board, each with the reason. Hubs are not among them.</param>
internal sealed record UsbPlan(
    IReadOnlyList<UsbPlug> Release, IReadOnlyList<UsbDevice> Give, IReadOnlyList<(UsbDevice Device, string Reason)> Keep)
{
    /// <summary>Decides.</summary>
    /// <param name="present">All devices of the board now.</param>
    /// <param name="given">Plugs that the guest has.</param>
    /// <param name="policy">The settings.</param>
    public static UsbPlan Of(IReadOnlyList<UsbDevice> present, IReadOnlyCollection<UsbPlug> given, UsbPolicy policy)
    {
        var devices = present.Where(device => !device.IsHub).Select(device => (Device: device, Reason: Reason(device, policy))).ToList();
        var wanted = devices.Where(entry => entry.Reason is null).Select(entry => entry.Device).ToList();
        return new UsbPlan(
            [.. given.Where(plug => wanted.All(device => device.Plug != plug && !(device.IsBeingReset && device.Port == plug.Port)))],
            [.. wanted.Where(device => !device.IsBeingReset && !given.Contains(device.Plug))],
            [.. devices.Where(entry => entry.Reason is not null).Select(entry => (entry.Device, entry.Reason!))]);
    }

    // What the board lives from comes first: no setting gives it away.
    private static string? Reason(UsbDevice device, UsbPolicy policy) =>
        device.UsedFor ?? (device.IsFixed ? "it is no device of an outer port" : policy.Refusal(device));
}
