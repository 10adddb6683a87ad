using System.Globalization;

namespace WaltVpn.Cli.Backup;

/// <summary>
/// Files in folders of the daemon, the hub and the CA, for root: whoever of them is an attacker's may put a link or a pipe there at any moment. Nothing is
/// read or written through a link, and nothing is given away by its name.
/// </summary>
internal static class ServiceFile
{
    /// <summary>Longer than any disk; only a pipe that was put there a moment ago takes so long to open.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Which of them are regular files, by their own names; those in a folder, when it is one.</summary>
    /// <param name="paths">Absolute, of files and folders that are there.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<IReadOnlySet<string>> Regular(IEnumerable<string> paths, CancellationToken cancel)
    {
        var found = await SystemProgram.Run("find", [.. paths, "-maxdepth", "1", "-ignore_readdir_race", "-type", "f", "-print0"], cancel);
        return found.Split('\0').ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Opens a regular file for reading.</summary>
    /// <param name="path">As <see cref="Regular"/> found it.</param>
    /// <param name="expected">What <see cref="RealPath"/> says of it.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="IOException">It is another file than that, or a pipe; or it cannot be read.</exception>
    public static async Task<FileStream> OpenRead(string path, string expected, CancellationToken cancel)
    {
        var opening = Task.Run(() => File.OpenRead(path), cancel);
        try
        {
            var file = await opening.WaitAsync(Deadline, cancel);
            if (file.CanSeek && StandsAt(file, expected)) return file;
            await file.DisposeAsync();
        }
        catch (TimeoutException)
        {
            // A pipe without a writer.
        }

        throw NotRegular(path);
    }

    /// <summary>Where a file would stand if none of its service's own names were a link.</summary>
    /// <param name="place">In one of the server's folders.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<string> RealPath(BackupPlace place, CancellationToken cancel)
    {
        // What packaging or the operator made may be a link: the state directory on a larger disk. What is in it may not.
        var trusted = Path.GetDirectoryName(BackupNames.MayGo(place.Name) ? Path.GetDirectoryName(place.Path) : place.Path)!;
        return Path.Combine(await SystemProgram.RealPath(trusted, cancel), Path.GetRelativePath(trusted, place.Path));
    }

    /// <summary>By the open descriptor (proc(5)), whatever its name is by now.</summary>
    public static bool StandsAt(FileStream file, string expected) => new FileInfo(Descriptor(file)).LinkTarget is { } opened && (opened == expected || opened == $"{expected} (deleted)");

    /// <summary>Gives an open file its owner and mode, through its descriptor.</summary>
    /// <param name="file">Made by this process.</param>
    /// <param name="owner"><c>uid:gid</c>.</param>
    /// <param name="mode">Permissions.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task Give(FileStream file, string owner, UnixFileMode mode, CancellationToken cancel)
    {
        await SystemProgram.Run("chown", [owner, Descriptor(file)], cancel);
        File.SetUnixFileMode(file.SafeFileHandle, mode);
    }

    /// <summary>Says so.</summary>
    public static IOException NotRegular(string path) => new($"{TerminalText.Plain(path)} is a link or no regular file, which is not followed: put the file itself there.");

    private static string Descriptor(FileStream file) =>
        string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{file.SafeFileHandle.DangerousGetHandle()}");
}
