using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A Debian with real systemd on which <c>server/packaging/install</c> ran (scripts/lib/systemd-host).</summary>
internal sealed class PackagedServer : IAsyncDisposable
{
    private const string Folder = "/run/waltvpn-packaged";
    private readonly Process _host;
    private string? _init;

    private PackagedServer(Process host) => _host = host;

    /// <summary>What an image for it would hold.</summary>
    public ImageSettings Settings { get; private set; } = null!;

    /// <summary>Boots, and follows the README up to <c>systemctl reload ssh</c>.</summary>
    public static async Task<PackagedServer> Install()
    {
        var root = RepositoryFolder.File("artifacts/tests/systemd-root.tar");
        var server = new PackagedServer(Process.Start(RepositoryFolder.File("scripts/lib/systemd-host"), [root, Folder]));
        await Eventually.Holds("systemd has booted", () => File.Exists($"{Folder}/init") || server._host.HasExited);
        if (server._host.HasExited) throw new InvalidOperationException($"systemd did not boot: {await File.ReadAllTextAsync($"{Folder}/console")}");
        server._init = (await File.ReadAllTextAsync($"{Folder}/init")).Trim();
        await server.Run("ssh-keygen", "-A");
        await server.Run("/mnt/server/packaging/install");
        await server.Run("systemctl", "enable", "--now", "waltvpn-hub", "waltvpnd");
        await server.Run("systemctl", "reload", "ssh");
        server.Settings = await ImageSettings.Read((await server.Run("waltvpn", "setup-node", "--output", "-")).Split('\n'), $"{Folder}/image");
        return server;
    }

    /// <summary>Runs a program on it, which must end well.</summary>
    public Task<string> Run(params string[] command) => Tool.Succeed("nsenter", ["--all", "--target", _init!, "--", .. command]);

    /// <summary>A list, as <c>waltvpn NOUN list</c> prints it there.</summary>
    public async Task<IReadOnlyList<T>> List<T>(string noun, JsonTypeInfo<IReadOnlyList<T>> type) =>
        JsonSerializer.Deserialize(await Run("waltvpn", noun, "list", "-o", "json"), type)!;

    /// <summary>The same ssh, to this server.</summary>
    public static SshClient Way(SshClient client) => client with { Namespace = "packaged", Address = "127.0.0.1", Port = "22" };

    /// <summary>Switches it off.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_init is null) _host.Kill(entireProcessTree: true);
        else await Run("systemctl", "poweroff");
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        await _host.WaitForExitAsync(deadline.Token);
        _host.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
