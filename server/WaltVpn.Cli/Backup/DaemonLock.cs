namespace WaltVpn.Cli.Backup;

/// <summary>The daemon's own lock on a state directory (flock(2)), so that none starts on it meanwhile.</summary>
internal sealed class DaemonLock : IDisposable
{
    // What flock(2) answers when another process has the lock, asm-generic/errno.h.
    private const int EWOULDBLOCK = 11;

    private readonly FileStream _file;
    private bool _isNew;

    private DaemonLock(FileStream file, bool isNew) => (_file, _isNew) = (file, isNew);

    /// <summary>Takes it.</summary>
    /// <param name="stateDirectory">The daemon's.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>null: there is no such folder.</returns>
    /// <exception cref="CliException">A daemon has it.</exception>
    public static async Task<DaemonLock?> Take(string stateDirectory, CancellationToken cancel)
    {
        if (!Directory.Exists(stateDirectory)) return null;
        var path = Path.Combine(stateDirectory, "lock");
        var isNew = !Path.Exists(path);
        try
        {
            // CreateNew makes nothing where a link points to.
            var file = new FileStream(path, isNew ? FileMode.CreateNew : FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            var taken = new DaemonLock(file, isNew);
            try
            {
                if (isNew) await ServiceFile.Give(file, await SystemProgram.OwnerOf(await SystemProgram.RealPath(stateDirectory, cancel), cancel), UnixFileMode.UserRead | UnixFileMode.UserWrite, cancel);
                return taken;
            }
            catch
            {
                taken.Dispose();
                throw;
            }
        }
        catch (IOException held) when (held.HResult == EWOULDBLOCK)
        {
            throw new CliException(ExitCode.Refused, $"waltvpnd runs here; nothing was changed. Type: {StopAll}");
        }
    }

    /// <summary>What to type when services run.</summary>
    public const string StopAll = "sudo systemctl stop waltvpnd.socket waltvpnd-lan.socket waltvpnd waltvpn-hub waltvpn-ca";

    /// <summary>A file that was made here is the daemon's from now on.</summary>
    public void Keep() => _isNew = false;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isNew) File.Delete(_file.Name);
        _file.Dispose();
    }
}
