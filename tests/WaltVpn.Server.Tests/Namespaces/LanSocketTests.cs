using System.Diagnostics;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>Ports that systemd opened for the daemon, waltvpnd.socket and waltvpnd-lan.socket, by systemd's own program for trying that out.</summary>
/// <remarks><see cref="LanNetwork"/> draws the network.</remarks>
[Collection(LanSite.Collection)]
public sealed class LanSocketTests
{
    private const string Activate = "/usr/bin/systemd-socket-activate";
    private const string PublicPort = "127.0.0.1:8090";

    [Theory]
    [InlineData("lan:waltvpnd.socket", $"{LanNetwork.Server}:80", PublicPort)]
    [InlineData("waltvpnd.socket:lan", PublicPort, $"{LanNetwork.Server}:80")]
    public async Task InheritedPortsAreToldApartByTheirNames(string names, string first, string second)
    {
        await using var site = await LanSite.Open();
        Assert.SkipUnless(File.Exists(Activate), "needs systemd-socket-activate (package systemd)");
        var board = await site.Board(1);
        using var daemon = await StartDaemon(site, names, first, second);
        try
        {
            // The first connection starts it; it is answered when the daemon is up.
            (await board.NodeConf("boot-mode")).ShouldBe(LanAnswer.Value("enforced"));
            string[] curl = ["-sS", "--noproxy", "*", "--max-time", "60", "-w", "%{http_code}"];
            (await Shell.Run("curl", [.. curl, $"http://{PublicPort}{Routes.LegacyNodeConf}/boot-mode"])).ShouldBe("404");
            (await Shell.Run("curl", [.. curl, $"http://{PublicPort}{Routes.ServerName}"])).ShouldBe("srv.example.org\n200");
        }
        finally
        {
            daemon.Kill(entireProcessTree: true);
            await daemon.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task LanPortThatTheSettingsDoNotNameEndsTheStart()
    {
        await using var site = await LanSite.Open();
        Assert.SkipUnless(File.Exists(Activate), "needs systemd-socket-activate (package systemd)");
        var board = await site.Board(1);
        using var daemon = await StartDaemon(site, "lan:waltvpnd.socket", $"{LanNetwork.Server}:81", PublicPort);
        var errors = daemon.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await board.Inside("sh", "-c", $"curl -s --max-time 60 http://{LanNetwork.Server}:81/ || true");
        await daemon.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        daemon.ExitCode.ShouldBe(1);
        (await errors).ShouldContain($"waltvpnd-lan.socket listens on {LanNetwork.Server}:81, server.yaml says {LanNetwork.Server}:80");
    }

    /// <summary>The daemon as a process of its own, in the place of the one in this process.</summary>
    private static async Task<Process> StartDaemon(LanSite site, string names, string first, string second)
    {
        await site.Platform.StopDaemon();
        var settings = site.Platform.Settings;
        var config = Path.Combine(site.Platform.Folder, "server.yaml");
        await File.WriteAllTextAsync(
            config,
            $$"""
            platform: {{settings.Platform}}
            serverName: {{settings.ServerName}}
            stateDirectory: {{settings.StateDirectory}}
            runtimeDirectory: {{settings.RuntimeDirectory}}
            http: { address: 127.0.0.1, port: 8090, entrypoint: {{settings.HttpEntrypoint}} }
            platformSubnet: {{settings.PlatformSubnet}}
            lan: { address: {{LanNetwork.Server}} }
            caPublicKey: {{settings.CaPublicKeyFile}}
            caAgentSocket: {{settings.CaAgentSocket}}
            hubControlSocket: {{settings.HubControlSocket}}
            sshUser: {{settings.SshUser}}
            operatorGroup: {{settings.OperatorGroup}}
            """);
        string[] daemon = ["dotnet", Path.Combine(AppContext.BaseDirectory, "waltvpnd.dll"), "--config", config];
        string[] environment = ["-E", "PATH", "-E", "HOME", "-E", "DOTNET_ROOT"];
        var start = new ProcessStartInfo(Activate, [$"--fdname={names}", "-l", first, "-l", second, .. environment, .. daemon])
        {
            RedirectStandardError = true,
        };
        var process = Process.Start(start)!;
        // It says so once for each port; from then on connections wait in the kernel.
        foreach (var port in (string[])[first, second])
            (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldNotBeNull().ShouldContain($"Listening on {port}");
        return process;
    }
}
