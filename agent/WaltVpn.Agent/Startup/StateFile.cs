using WaltVpn.Linux;

namespace WaltVpn.Agent.Startup;

/// <summary>A file on the state partition, replaced so that a power cut leaves the old one or the new one.</summary>
internal static class StateFile
{
    /// <summary>Writes beside, syncs, renames, syncs the directory. Call it inside <see cref="StatePartition.Write"/>.</summary>
    public static void Write(StatePartition state, string name, ReadOnlySpan<byte> content)
    {
        var path = Path.Combine(state.Directory, name);
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using (var file = new FileStream(path + ".new", options))
        {
            file.Write(content);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
        Fsync.Directory(state.Directory);
    }
}
