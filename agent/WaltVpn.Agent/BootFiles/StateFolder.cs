using WaltVpn.Agent.Startup;
using WaltVpn.Linux;

namespace WaltVpn.Agent.BootFiles;

/// <summary>The folder of boot images on the state partition, which is writable only while something is written.</summary>
internal sealed class StateFolder(StatePartition state) : ICardFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _folder = Path.Combine(state.Directory, "boot");

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => Directory.Exists(_folder) ? [.. Directory.GetFiles(_folder).Select(path => Path.GetFileName(path))] : [];

    /// <inheritdoc/>
    public long Free => new DriveInfo(state.Directory).AvailableFreeSpace;

    /// <inheritdoc/>
    public long LengthOf(string name) => new FileInfo(At(name)) is { Exists: true } file ? file.Length : 0;

    /// <inheritdoc/>
    public FileStream Open(string name) => File.OpenRead(At(name));

    /// <inheritdoc/>
    public void Append(string name, ReadOnlySpan<byte> bytes)
    {
        var content = bytes.ToArray();
        Write(() =>
        {
            var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, UnixCreateMode = OwnerOnly };
            using var file = new FileStream(At(name), options);
            file.Write(content);
            file.Flush(flushToDisk: true);
        });
    }

    /// <inheritdoc/>
    public void Replace(string name, ReadOnlySpan<byte> content)
    {
        var bytes = content.ToArray();
        Write(() => DurableFile.Write(At(name), bytes));
    }

    /// <inheritdoc/>
    public void Rename(string from, string to) => Write(() =>
    {
        File.Move(At(from), At(to), overwrite: true);
        Fsync.Directory(_folder);
    });

    /// <inheritdoc/>
    public void Delete(params IEnumerable<string> names)
    {
        var all = names.ToList();
        if (all.Count == 0) return;
        Write(() =>
        {
            foreach (var name in all) File.Delete(At(name));
            Fsync.Directory(_folder);
        });
    }

    private string At(string name) => Path.Combine(_folder, name);

    private void Write(Action change) => state.Write(() =>
    {
        if (!Directory.Exists(_folder))
        {
            Directory.CreateDirectory(_folder);
            Fsync.Directory(state.Directory);
        }

        change();
    });
}
