using WaltVpn.Linux;

namespace WaltVpn.Agent;

/// <summary>A file for its owner only, replaced so that a power cut leaves the old one or the new one.</summary>
internal static class DurableFile
{
    /// <summary>Writes beside, syncs, renames, syncs the directory.</summary>
    /// <exception cref="IOException">It could not be written; the old file is still there.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        // Of a write that was cut off: a file that is there keeps its mode.
        File.Delete(path + ".new");
        using (var file = new FileStream(path + ".new", options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
        Fsync.Directory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }
}
