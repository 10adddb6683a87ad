namespace WaltVpn.Server.Processes;

/// <summary>sync(1) with an operand is fsync(2) on it, directories too, which .NET cannot open.</summary>
internal static class FileSync
{
    /// <summary>Returns when a file, or the names in a directory, are on the disk.</summary>
    /// <exception cref="ChildProcessException">They are not.</exception>
    public static async Task Flush(string path, CancellationToken cancel) => (await ChildProcess.Run("sync", [path], [], null, cancel)).OrThrow($"sync {path}");
}
