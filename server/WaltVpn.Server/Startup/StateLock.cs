using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Startup;

/// <summary>One daemon per state directory: an advisory lock, flock(2), that the kernel takes back when the process ends, however it ends.</summary>
internal sealed class StateLock : IDisposable
{
    // What flock(2) answers when another process has the lock, asm-generic/errno.h.
    private const int EWOULDBLOCK = 11;
    private readonly FileStream _file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="IOException">Another daemon has it, or the file cannot be made.</exception>
    public StateLock(ServerSettings settings)
    {
        var path = Path.Combine(settings.StateDirectory, "lock");
        try
        {
            _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException held) when (held.HResult == EWOULDBLOCK)
        {
            throw new IOException($"another waltvpnd works on {settings.StateDirectory}. To stop it: systemctl stop waltvpnd", held);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
