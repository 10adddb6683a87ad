namespace WaltVpn.ImageBuilder.Boards;

/// <summary>A device tree of Debian's kernel package.</summary>
/// <param name="Name">Its file, like <c>bcm2711-rpi-4-b.dtb</c>: the name that the firmware looks for.</param>
/// <param name="Addition">Device tree source of an overlay that is merged into it when the image is made; null: as Debian has it.</param>
internal sealed record DeviceTree(string Name, string? Addition = null);
