namespace WaltVpn.Agent.Guests.Usb;

/// <summary>One stay of a device in a port: plugged again, it is another one.</summary>
/// <param name="Port">The kernel's name of the port, <c>1-1.2</c>.</param>
/// <param name="Bus">Its bus.</param>
/// <param name="Number">The device's number on the bus.</param>
internal sealed record UsbPlug(string Port, int Bus, int Number);
