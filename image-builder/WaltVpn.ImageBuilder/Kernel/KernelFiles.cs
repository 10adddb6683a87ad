namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>A kernel cut down to a board.</summary>
/// <param name="Release">As <c>uname -r</c> prints it.</param>
/// <param name="Newest">The latest date of the files in its packages; whole seconds.</param>
/// <param name="Image">The bootable image, as the board's boot loader takes it.</param>
/// <param name="Modules">Modules and their indexes, by their path in the initramfs.</param>
/// <param name="DeviceTrees">Trees and overlays, by their path on the boot partition; empty for a board without.</param>
internal sealed record KernelFiles(
    string Release, DateTimeOffset Newest, byte[] Image, IReadOnlyList<KeyValuePair<string, byte[]>> Modules,
    IReadOnlyList<KeyValuePair<string, byte[]>> DeviceTrees)
{
    /// <summary>Modules without their indexes.</summary>
    public int ModuleCount => Modules.Count(file => file.Key.EndsWith(".ko", StringComparison.Ordinal));

    public long Bytes => Image.Length + Modules.Concat(DeviceTrees).Sum(file => (long)file.Value.Length);
}
