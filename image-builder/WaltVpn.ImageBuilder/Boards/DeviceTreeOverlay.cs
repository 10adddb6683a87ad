namespace WaltVpn.ImageBuilder.Boards;

/// <summary>An overlay that the firmware applies where it finds that it must.</summary>
/// <param name="Name">Without <c>.dtbo</c>, as the firmware calls it.</param>
/// <param name="Source">Device tree source.</param>
internal sealed record DeviceTreeOverlay(string Name, string Source);
