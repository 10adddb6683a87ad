namespace WaltVpn.ImageBuilder.BootFiles;

/// <summary>A folder with all that a board boots from, but the settings of its platform.</summary>
/// <param name="Path">The folder; nobody else can enter it.</param>
/// <param name="Names">Its files, in the order in which they are copied to a boot file system; a slash parts folder and file.</param>
/// <param name="Modified">The date of everything in the image.</param>
internal sealed record BootFolder(string Path, IReadOnlyList<string> Names, DateTimeOffset Modified)
{
    public const string InitramfsName = "initramfs.zst";

    /// <summary>Paths of the files.</summary>
    public IEnumerable<string> Files => Names.Select(name => System.IO.Path.Combine(Path, name));
}
