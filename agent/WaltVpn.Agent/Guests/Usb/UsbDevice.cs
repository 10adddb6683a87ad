using System.Globalization;

namespace WaltVpn.Agent.Guests.Usb;

/// <summary>A USB device of the board, as the kernel shows it (Documentation/ABI/testing/sysfs-bus-usb).</summary>
/// <param name="Port">The kernel's name of the port it is plugged into, <c>1-1.2</c>.</param>
/// <param name="Bus">Its bus.</param>
/// <param name="Number">Its number on the bus: another one after each plug.</param>
/// <param name="Vendor">idVendor.</param>
/// <param name="Product">idProduct.</param>
/// <param name="Classes">Of the device and of each of its interfaces.</param>
/// <param name="IsFixed">It is soldered to the board, or to a hub that is.</param>
/// <param name="UsedFor">What the board itself uses it for; null: nothing.</param>
internal sealed record UsbDevice(
    string Port, int Bus, int Number, ushort Vendor, ushort Product, IReadOnlyList<byte> Classes, bool IsFixed, string? UsedFor)
{
    private const byte HubClass = 0x09;

    /// <summary>It is a hub: the devices behind it go to the guest one by one.</summary>
    public bool IsHub => Classes.Count > 0 && Classes[0] == HubClass;

    /// <summary>The kernel resets it, perhaps because the guest asked for that: it has no number for a moment, and will have the one it had.</summary>
    public bool IsBeingReset => Number == 0;

    /// <summary>Its device node.</summary>
    public string Node => string.Create(CultureInfo.InvariantCulture, $"/dev/bus/usb/{Bus:000}/{Number:000}");

    /// <summary>This very plug of it: another one is another.</summary>
    public UsbPlug Plug => new(Port, Bus, Number);

    /// <summary>For the log.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Vendor:x4}:{Product:x4} at port {Port}");
}
