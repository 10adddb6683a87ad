using System.Diagnostics;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A real NFS server on the platform's machine (scripts/lib/nfs-server), reached at <see cref="RunningPlatform.LanAddress"/>.</summary>
internal sealed class NfsServer : IAsyncDisposable
{
    private const string AllVersions = "3, 4";
    private readonly Process _process;

    private NfsServer(Process process) => _process = process;

    /// <summary>Where it keeps its things; its log is there.</summary>
    public static string WorkFolder => Directory.CreateDirectory(RunningPlatform.File("nfs")).FullName;

    /// <summary>Starts it and waits until it answers.</summary>
    /// <param name="folder">The one folder it exports, under the same path.</param>
    /// <param name="versions">Major versions of the protocol.</param>
    public static async Task<NfsServer> Start(string folder, string versions = AllVersions)
    {
        var ready = Path.Combine(WorkFolder, "ready");
        File.Delete(ready);
        var start = new ProcessStartInfo(RepositoryFolder.File("scripts/lib/nfs-server"), [WorkFolder, folder]);
        start.Environment["WALTVPN_NFS_VERSIONS"] = versions;
        var process = Process.Start(start)!;
        await Eventually.Holds("the NFS server answers", () => File.Exists(ready) || process.HasExited);
        return process.HasExited ? throw new InvalidOperationException("the NFS server ended; what it said is above") : new NfsServer(process);
    }

    /// <summary>Says in the platform's DHCP answers which root a node has, from each node's next question on.</summary>
    /// <param name="rootPath">Option 17; empty: none.</param>
    public static async Task Announce(string rootPath)
    {
        await File.WriteAllTextAsync(RunningPlatform.File("etc/dhcp-platform.conf"), rootPath.Length > 0 ? $"dhcp-option=17,\"{rootPath}\"\n" : "");
        await RunningPlatform.KillAndAwait("dhcp-platform");
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) RunningPlatform.Signal("TERM", _process.Id);
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        await _process.WaitForExitAsync(deadline.Token);
        _process.Dispose();
    }
}
