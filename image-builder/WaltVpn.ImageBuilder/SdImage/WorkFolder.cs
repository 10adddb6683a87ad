namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>A folder for intermediate files that only this user can enter; gone at the end, whatever the end was.</summary>
internal sealed class WorkFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Made with mode 0700 by mkdtemp(3), in TMPDIR or /tmp.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("waltvpn-image-").FullName;

    /// <summary>Makes a folder in it.</summary>
    public string CreateFolder(string name) => Directory.CreateDirectory(System.IO.Path.Combine(Path, name), OwnerOnly).FullName;

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
