using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A Debian with real systemd on which <c>server/packaging/install</c> ran.</summary>
internal sealed class PackagedServer : IAsyncDisposable
{
    private readonly SystemdHost _host;

    private PackagedServer(SystemdHost host) => _host = host;

    /// <summary>What an image for it would hold.</summary>
    public ImageSettings Settings { get; private set; } = null!;

    /// <summary>Boots, and follows the README up to <c>systemctl reload ssh</c>.</summary>
    public static async Task<PackagedServer> Install()
    {
        var server = new PackagedServer(await SystemdHost.Boot("packaged"));
        await server.Run("ssh-keygen", "-A");
        await server.Run("/mnt/server/packaging/install");
        await server.Run("systemctl", "enable", "--now", "waltvpn-hub", "waltvpnd");
        await server.Run("systemctl", "reload", "ssh");
        server.Settings = await ImageSettings.Read((await server.Run("waltvpn", "setup-node", "--output", "-")).Split('\n'), $"{server._host.Folder}/image");
        return server;
    }

    /// <summary>Runs a program on it, which must end well.</summary>
    public Task<string> Run(params string[] command) => _host.Run(command);

    /// <summary>A list, as <c>waltvpn NOUN list</c> prints it there.</summary>
    public async Task<IReadOnlyList<T>> List<T>(string noun, JsonTypeInfo<IReadOnlyList<T>> type) =>
        JsonSerializer.Deserialize(await Run("waltvpn", noun, "list", "-o", "json"), type)!;

    /// <summary>The same ssh, to this server.</summary>
    public static SshClient Way(SshClient client) => client with { Namespace = "packaged", Address = "127.0.0.1", Port = "22" };

    /// <summary>Switches it off.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
