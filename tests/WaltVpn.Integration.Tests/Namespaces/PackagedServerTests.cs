using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>The units as they are installed, with their users, sandboxes and system call filters, under systemd itself.</summary>
public sealed class PackagedServerTests(RunningPlatform platform) : PlatformTest(platform)
{
    private static readonly string[] Services = ["waltvpnd.service", "waltvpn-hub.service", "waltvpn-ca.service", "waltvpn-ca-relay.service"];

    [Fact]
    public async Task NodeJoinsAServerInstalledByTheReadmeAndItsServicesComeBack()
    {
        await using var server = await PackagedServer.Install();
        await AllActive(server);
        var node = await Join(server);
        await TunnelComesUp(server, node);

        foreach (var unit in Services)
        {
            // The relay goes and comes with the agent.
            await Active(server, unit);
            var before = await Pid(server, unit);
            await server.Run("systemctl", "kill", "--signal=KILL", unit);
            await Eventually.Holds($"{unit} runs again", async () => await Pid(server, unit) is var now && now != "0" && now != before);
        }

        await AllActive(server);
        await TunnelComesUp(server, node);
        // A certificate was made: the way to the CA is mended as well.
        await TunnelComesUp(server, await Join(server));
        await server.Run("waltvpn", "node", "revoke", node.Identity.Name, "--yes");
        (await server.Run("systemctl", "--failed", "--no-legend", "--plain")).ShouldBeEmpty();
    }

    private static async Task<TestNode> Join(PackagedServer server)
    {
        var node = await TestNode.Create(server.Settings);
        var asking = node.Ask(PackagedServer.Way(node.Enrollment));
        RequestView? request = null;
        await Eventually.Holds(
            "the node's request is there",
            async () =>
            {
                var requests = await server.List("request", ProtocolJson.Default.IReadOnlyListRequestView);
                return (request = requests.SingleOrDefault(other => other.Serial == node.Serial)) is not null;
            });
        await server.Run("waltvpn", "request", "accept", $"{request!.Id}");
        (await asking).Status.ShouldBe(EnrollmentStatus.Accepted);
        return node;
    }

    private static async Task AllActive(PackagedServer server)
    {
        foreach (var unit in (string[])[.. Services, "waltvpnd.socket", "ssh.service"])
            await Active(server, unit);
    }

    private static Task Active(PackagedServer server, string unit) =>
        Eventually.Holds($"{unit} is active", async () => await Property(server, "ActiveState", unit) == "active");

    private static Task<string> Pid(PackagedServer server, string unit) => Property(server, "MainPID", unit);

    private static async Task<string> Property(PackagedServer server, string name, string unit) =>
        (await server.Run("systemctl", "show", $"--property={name}", "--value", unit)).Trim();

    private static async Task TunnelComesUp(PackagedServer server, TestNode node)
    {
        using var ssh = Tool.Start("ip", PackagedServer.Way(node.Ssh).Arguments([], null));
        await Eventually.Holds("the tunnel is up", async () => await HasTunnel(server, node) || ssh.HasExited);
        ssh.HasExited.ShouldBeFalse(ssh.HasExited ? await ssh.StandardError.ReadToEndAsync(Cancellation) : "");
        ssh.Kill();
        await Eventually.Holds("the tunnel is down", async () => !await HasTunnel(server, node));
    }

    private static async Task<bool> HasTunnel(PackagedServer server, TestNode node) =>
        (await server.List("node", ProtocolJson.Default.IReadOnlyListNodeView)).Single(other => other.Id == node.Identity.NodeId).Tunnel is not null;
}
