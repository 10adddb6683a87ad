using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>The units as they are installed, with their users, sandboxes and system call filters, under systemd itself.</summary>
public sealed class PackagedServerTests(RunningPlatform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task NodeJoinsAServerInstalledByTheReadmeAndItsServicesComeBack()
    {
        await using var server = await PackagedServer.Install();
        await server.AllActive();
        var node = await server.Join(server.Settings);
        await server.TunnelComesUp(node);

        foreach (var unit in PackagedServer.Services)
        {
            // The relay goes and comes with the agent.
            await Eventually.Holds($"{unit} is active", async () => await server.Property("ActiveState", unit) == "active");
            var before = await server.Property("MainPID", unit);
            await server.Run("systemctl", "kill", "--signal=KILL", unit);
            await Eventually.Holds($"{unit} runs again", async () => await server.Property("MainPID", unit) is var now && now != "0" && now != before);
        }

        await server.AllActive();
        await server.TunnelComesUp(node);
        // A certificate was made: the way to the CA is mended as well.
        await server.TunnelComesUp(await server.Join(server.Settings));
        await server.Run("waltvpn", "node", "revoke", node.Identity.Name, "--yes");
        (await server.Run("systemctl", "--failed", "--no-legend", "--plain")).ShouldBeEmpty();
    }
}
