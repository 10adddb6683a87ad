using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Shouldly;
using WaltVpn.Protocol;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>What nodes in mode vm run, made and served as an operator does: signed with the boot key, on a web server in the platform's network.</summary>
internal sealed class PublishedGuest : IAsyncDisposable
{
    private const int Port = 8000;
    private const int ShellPort = 7000;
    private readonly Process _server;

    private PublishedGuest(Process server, string settings) => (_server, Settings) = (server, settings);

    /// <summary>Path of the settings of its nodes: <c>mode: vm</c>.</summary>
    public string Settings { get; }

    private static string Folder => RunningPlatform.File("guest");

    /// <summary>Makes the platform's boot key and the settings, serves the folder, and names it by DHCP.</summary>
    public static async Task<PublishedGuest> Announce()
    {
        Directory.CreateDirectory(Folder);
        // No second stage for these nodes: the key alone.
        var lines = (await File.ReadAllLinesAsync(await PublishedImage.MakeKey())).Where(line => !line.StartsWith("httpEntrypoint:", StringComparison.Ordinal));
        var settings = RunningPlatform.File("guest.yaml");
        await File.WriteAllLinesAsync(settings, [.. lines, "mode: vm", "guestMemory: 160", "guestCores: 1", "usbDeny: [\"0627:0001\"]"]);
        await SetDhcp($"dhcp-boot=http://{RunningPlatform.LanAddress}:{Port}/boot.img\n");
        return new PublishedGuest(Tool.Start("busybox", "httpd", "-f", "-p", $"{RunningPlatform.LanAddress}:{Port}", "-h", Folder), settings);
    }

    /// <summary>Puts the guest of scripts/lib/vm-guest there.</summary>
    /// <param name="key">Path of the private key; null: the platform's.</param>
    public static async Task Publish(string? key = null)
    {
        var guest = RepositoryFolder.File("artifacts/tests/vm-guest");
        File.Exists(Path.Combine(guest, "kernel")).ShouldBeTrue($"{guest} is empty; scripts/test qemu fills it");
        await Tool.Succeed(
            RunningPlatform.Program("waltvpn-image"), "guest-img", "--kernel", Path.Combine(guest, "kernel"), "--initramfs", Path.Combine(guest, "initramfs"),
            "--append", "console=ttyS0 panic=10 net.ifnames=0 no_timer_check mitigations=off cryptomgr.notests quiet",
            "--key", key ?? RunningPlatform.File("etc/boot/private.pem"),
            "--output", Folder, "--force");
    }

    /// <summary>Has a guest run a shell script.</summary>
    /// <returns>What it printed; empty when it is not reached now.</returns>
    public static async Task<string> TryRun(NodeView node, string script)
    {
        try
        {
            return await Run(node, script);
        }
        catch (Exception away) when (away is SocketException or IOException or OperationCanceledException)
        {
            return "";
        }
    }

    /// <summary>Has a guest run a shell script.</summary>
    /// <returns>What it printed.</returns>
    public static async Task<string> Run(NodeView node, string script)
    {
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        using var client = new TcpClient();
        await client.ConnectAsync(node.Tunnel!.Addresses[^1], ShellPort, deadline.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(script.ReplaceLineEndings("\n") + "\nexit\n"), deadline.Token);
        client.Client.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(deadline.Token);
    }

    /// <summary>Ends the server.</summary>
    public async ValueTask DisposeAsync()
    {
        _server.Kill(entireProcessTree: true);
        _server.Dispose();
        await SetDhcp("");
    }

    private static async Task SetDhcp(string lines)
    {
        await File.WriteAllTextAsync(RunningPlatform.File("etc/dhcp-platform.conf"), lines);
        await RunningPlatform.KillAndAwait("dhcp-platform");
    }
}
