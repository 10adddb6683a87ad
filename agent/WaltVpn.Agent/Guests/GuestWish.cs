using WaltVpn.Agent.Guests.Usb;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Guests;

/// <summary>What the settings say of the virtual machine.</summary>
/// <param name="Memory">MiB; null: what the board can spare.</param>
/// <param name="Cores">Null: as many as the board has.</param>
/// <param name="Usb">Which devices go to it.</param>
internal sealed record GuestWish(int? Memory, int? Cores, UsbPolicy Usb)
{
    /// <summary>Null: there is to be none, mode direct.</summary>
    /// <param name="settings">Without a <see cref="Problem"/>.</param>
    public static GuestWish? Of(NodeSettings settings) => settings.Mode == HandOffMode.VirtualMachine
        ? new GuestWish(
            settings.GuestMemory is { } memory ? HandOffMode.Memory(memory) : null,
            settings.GuestCores is { } cores ? HandOffMode.Cores(cores) : null,
            new UsbPolicy(settings.UsbAllow is { } allow ? Rules(allow) : null, Rules(settings.UsbDeny ?? [])))
        : null;

    /// <summary>What is wrong with a card's settings; null: nothing.</summary>
    public static string? Problem(NodeSettings settings)
    {
        if (settings.Mode is { } mode && !HandOffMode.IsMode(mode)) return $"mode: '{mode}' is neither {HandOffMode.Direct} nor {HandOffMode.VirtualMachine}";
        if (settings.GuestMemory is { } memory && HandOffMode.Memory(memory) is null)
            return $"guestMemory: '{memory}' is no number of MiB, {HandOffMode.LeastMemory} to {HandOffMode.MostMemory}";
        if (settings.GuestCores is { } cores && HandOffMode.Cores(cores) is null)
            return $"guestCores: '{cores}' is no number of processors, 1 to {HandOffMode.MostCores}";
        return (settings.UsbAllow ?? []).Concat(settings.UsbDeny ?? []).FirstOrDefault(text => !UsbRule.TryParse(text, out _)) is { } wrong
            ? $"usbAllow, usbDeny: '{wrong}' names no USB devices; write {UsbRule.Form}"
            : null;
    }

    private static IReadOnlyList<UsbRule> Rules(IEnumerable<string> texts) =>
        [.. texts.Select(text => UsbRule.TryParse(text, out var rule) ? rule : null).OfType<UsbRule>()];
}
