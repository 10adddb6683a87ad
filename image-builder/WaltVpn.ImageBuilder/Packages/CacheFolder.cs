namespace WaltVpn.ImageBuilder.Packages;

/// <summary>A cache folder, held by one build at a time.</summary>
internal sealed class CacheFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The kernel's answer to flock(2) when somebody else holds the lock (EWOULDBLOCK), in the low half of what .NET makes of it.</summary>
    private const int HeldByAnother = 11;

    private static readonly TimeSpan _betweenTries = TimeSpan.FromMilliseconds(250);

    private readonly FileStream _lock;

    private CacheFolder(string path, FileStream held) => (Path, _lock) = (path, held);

    public string Path { get; }

    /// <summary>Makes the folder when it is missing, waits until no other build holds it, and holds it until disposal or the death of the process.</summary>
    /// <exception cref="ImageException">It cannot be made or written to.</exception>
    public static async Task<CacheFolder> EnterAsync(string path, Progress progress, CancellationToken cancellation)
    {
        var full = System.IO.Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(full, OwnerOnly);
            for (var told = false; ; told = true)
            {
                if (TryLock(System.IO.Path.Combine(full, "in-use")) is { } held) return new CacheFolder(full, held);
                if (!told) progress.Note($"another waltvpn-image uses {full}; waiting for it");
                await Task.Delay(_betweenTries, cancellation);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ImageException($"the cache folder cannot be used: {error.Message}", error, "choose another: --cache FOLDER");
        }
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            // FileShare.None is flock(2) here, which .NET only tries.
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when ((error.HResult & 0xffff) == HeldByAnother)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();
}
