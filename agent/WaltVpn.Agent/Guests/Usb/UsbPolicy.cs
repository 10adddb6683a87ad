using WaltVpn.Protocol;

namespace WaltVpn.Agent.Guests.Usb;

/// <summary>Which USB devices the settings give to the guest.</summary>
/// <param name="Allow">Those only; null: all.</param>
/// <param name="Deny">Never those.</param>
internal sealed record UsbPolicy(IReadOnlyList<UsbRule>? Allow, IReadOnlyList<UsbRule> Deny)
{
    /// <summary>Why a device stays with the board; null: it goes to the guest.</summary>
    public string? Refusal(UsbDevice device)
    {
        if (Deny.Any(Matches)) return "usbDeny names it";
        return Allow is not null && !Allow.Any(Matches) ? "usbAllow does not name it" : null;

        bool Matches(UsbRule rule) => rule.Matches(device.Vendor, device.Product, device.Classes, device.Port);
    }
}
