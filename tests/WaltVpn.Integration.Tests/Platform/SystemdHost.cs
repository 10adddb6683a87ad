using System.Diagnostics;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A Debian with real systemd and without network, a machine of its own beside the platform's (scripts/lib/systemd-host).</summary>
internal sealed class SystemdHost : IAsyncDisposable
{
    private readonly Process _host;
    private string? _init;

    private SystemdHost(string name, Process host) => (Name, _host) = (name, host);

    /// <summary>Its network namespace's.</summary>
    public string Name { get; }

    /// <summary>Where this run keeps what belongs to it.</summary>
    public string Folder => FolderOf(Name);

    /// <summary>Boots it.</summary>
    /// <param name="name">No other machine's that runs.</param>
    public static async Task<SystemdHost> Boot(string name)
    {
        var folder = FolderOf(name);
        var tar = RepositoryFolder.File("artifacts/tests/server-root.tar");
        var host = new SystemdHost(name, Process.Start(RepositoryFolder.File("scripts/lib/systemd-host"), [tar, folder, name]));
        await Eventually.Holds("systemd has booted", () => File.Exists($"{folder}/init") || host._host.HasExited);
        if (host._host.HasExited) throw new InvalidOperationException($"systemd did not boot: {await File.ReadAllTextAsync($"{folder}/console")}");
        host._init = (await File.ReadAllTextAsync($"{folder}/init")).Trim();
        return host;
    }

    /// <summary>Runs a program on it, which must end well.</summary>
    public Task<string> Run(params string[] command) => Tool.Succeed("nsenter", ["--all", "--target", _init!, "--", .. command]);

    /// <summary>Runs a program on it.</summary>
    public Task<ToolResult> Try(params string[] command) => Tool.Run("nsenter", ["--all", "--target", _init!, "--", .. command]);

    /// <summary>Path here of a file there.</summary>
    public string PathOf(string path) => Folder + "/root" + path;

    /// <summary>Switches it off.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_init is null) _host.Kill(entireProcessTree: true);
        else await Try("systemctl", "poweroff"); // may lose its answer to the machine's end
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        await _host.WaitForExitAsync(deadline.Token);
        _host.Dispose();
        await Tool.Run("ip", "netns", "delete", Name);
        Directory.Delete(Folder, recursive: true);
    }

    private static string FolderOf(string name) => $"/run/waltvpn-{name}";
}
