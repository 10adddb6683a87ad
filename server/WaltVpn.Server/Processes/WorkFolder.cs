namespace WaltVpn.Server.Processes;

/// <summary>A folder of its own for the files of one call of ssh-keygen; gone with its contents at Dispose.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly string _path;

    /// <summary>Makes the folder, mode 0700.</summary>
    /// <param name="parent">The daemon's work directory, which is emptied at start.</param>
    public WorkFolder(string parent)
    {
        _path = Path.Combine(parent, Path.GetRandomFileName());
        Directory.CreateDirectory(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>Path of a file in it.</summary>
    public string this[string name] => Path.Combine(_path, name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_path, recursive: true);
}
