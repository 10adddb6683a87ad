using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Shouldly;
using WaltVpn.Protocol;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A Debian with real systemd on which <c>server/packaging/install</c> ran.</summary>
internal sealed class PackagedServer : IAsyncDisposable
{
    /// <summary>Ours.</summary>
    public static readonly string[] Services = ["waltvpnd.service", "waltvpn-hub.service", "waltvpn-ca.service", "waltvpn-ca-relay.service"];

    private readonly SystemdHost _host;

    private PackagedServer(SystemdHost host) => _host = host;

    /// <summary>What an image for it would hold.</summary>
    public ImageSettings Settings { get; private set; } = null!;

    /// <summary>Boots, and follows the README up to <c>systemctl reload ssh</c>.</summary>
    public static async Task<PackagedServer> Install()
    {
        var server = await Unpack("packaged");
        await server.Start();
        return server;
    }

    /// <summary>Boots and installs; no service of ours ran on it yet.</summary>
    /// <param name="name">No other machine's that runs.</param>
    public static async Task<PackagedServer> Unpack(string name)
    {
        var server = new PackagedServer(await SystemdHost.Boot(name));
        await server.Run("ssh-keygen", "-A");
        await server.Run("/mnt/server/packaging/install");
        return server;
    }

    /// <summary>Starts the services, for now and every boot.</summary>
    public async Task Start()
    {
        await Run("systemctl", "enable", "--now", "waltvpn-hub", "waltvpnd");
        await Run("systemctl", "reload", "ssh");
        Settings = await ImageSettings.Read((await Run("waltvpn", "setup-node", "--output", "-")).Split('\n'), $"{_host.Folder}/image");
    }

    /// <summary>Runs a program on it, which must end well.</summary>
    public Task<string> Run(params string[] command) => _host.Run(command);

    /// <summary>Path here of a file there.</summary>
    public string PathOf(string path) => _host.PathOf(path);

    /// <summary>A list, as <c>waltvpn NOUN list</c> prints it there.</summary>
    public async Task<IReadOnlyList<T>> List<T>(string noun, JsonTypeInfo<IReadOnlyList<T>> type) =>
        JsonSerializer.Deserialize(await Run("waltvpn", noun, "list", "-o", "json"), type)!;

    /// <summary>The same ssh, to this server.</summary>
    public SshClient Way(SshClient client) => client with { Namespace = _host.Name, Address = "127.0.0.1", Port = "22" };

    /// <summary>A new board asks here, and is accepted.</summary>
    /// <param name="settings">What its image holds.</param>
    /// <param name="model">As it names itself; null: as a board of tests does.</param>
    public async Task<TestNode> Join(ImageSettings settings, string? model = null)
    {
        var node = await TestNode.Create(settings);
        node.Model = model ?? node.Model;
        var asking = node.Ask(Way(node.Enrollment));
        RequestView? request = null;
        await Eventually.Holds(
            "the node's request is there",
            async () =>
            {
                var requests = await List("request", ProtocolJson.Default.IReadOnlyListRequestView);
                return (request = requests.SingleOrDefault(other => other.Serial == node.Serial)) is not null;
            });
        await Run("waltvpn", "request", "accept", $"{request!.Id}");
        (await asking).Status.ShouldBe(EnrollmentStatus.Accepted);
        return node;
    }

    /// <summary>The node logs in with what it has, has its tunnel, and leaves.</summary>
    /// <returns>It, while its tunnel was up.</returns>
    public async Task<NodeView> TunnelComesUp(TestNode node)
    {
        NodeView? up = null;
        using var ssh = Tool.Start("ip", Way(node.Ssh).Arguments([], null));
        await Eventually.Holds("the tunnel is up", async () => (up = await View(node)) is { Tunnel: not null } || ssh.HasExited);
        ssh.HasExited.ShouldBeFalse(ssh.HasExited ? await ssh.StandardError.ReadToEndAsync() : "");
        ssh.Kill();
        await Eventually.Holds("the tunnel is down", async () => await View(node) is { Tunnel: null });
        return up!;
    }

    /// <summary>What <c>waltvpn node list</c> says of a node.</summary>
    public async Task<NodeView> View(TestNode node) =>
        (await List("node", ProtocolJson.Default.IReadOnlyListNodeView)).Single(other => other.Id == node.Identity.NodeId);

    /// <summary>One property of a unit, as <c>systemctl show</c> tells it.</summary>
    public async Task<string> Property(string name, string unit) => (await Run("systemctl", "show", $"--property={name}", "--value", unit)).Trim();

    /// <summary>All services of a server run.</summary>
    public async Task AllActive()
    {
        foreach (var unit in (string[])[.. Services, "waltvpnd.socket", "ssh.service"])
            await Eventually.Holds($"{unit} is active", async () => await Property("ActiveState", unit) == "active");
    }

    /// <summary>Switches it off.</summary>
    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
