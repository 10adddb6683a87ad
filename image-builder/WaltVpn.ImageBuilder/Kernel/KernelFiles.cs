namespace WaltVpn.ImageBuilder.Kernel;

/// <summary>A kernel cut down to a board.</summary>
/// <param name="Release">As <c>uname -r</c> prints it.</param>
/// <param name="Newest">The latest date of the files in its packages; whole seconds.</param>
/// <param name="Image">The bootable image.</param>
/// <param name="Modules">Modules and their indexes, by their path in the initramfs.</param>
internal sealed record KernelFiles(string Release, DateTimeOffset Newest, byte[] Image, IReadOnlyList<KeyValuePair<string, byte[]>> Modules)
{
    /// <summary>Modules without their indexes.</summary>
    public int ModuleCount => Modules.Count(file => file.Key.EndsWith(".ko", StringComparison.Ordinal));

    public long Bytes => Image.Length + Modules.Sum(file => (long)file.Value.Length);
}
