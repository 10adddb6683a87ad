using System.Diagnostics;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>The platform's own network calls itself <c>walt</c>, as WalT's does: the DHCP domain, and a name server that knows <c>server.walt</c>.</summary>
internal sealed class WaltDomain : IAsyncDisposable
{
    private readonly Process _names;

    private WaltDomain(Process names) => _names = names;

    /// <summary>Announces it.</summary>
    /// <param name="moreDhcp">Further lines for the platform's dnsmasq.</param>
    public static async Task<WaltDomain> Announce(string moreDhcp)
    {
        var names = Tool.Start(
            "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            $"--listen-address={RunningPlatform.LanAddress}", "--bind-interfaces",
            $"--address=/server.walt/{RunningPlatform.LanAddress}", "--user=root");
        await Say($"domain=walt\ndhcp-option=6,{RunningPlatform.LanAddress}\n{moreDhcp}");
        return new WaltDomain(names);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _names.Kill();
        await _names.WaitForExitAsync();
        _names.Dispose();
        await Say("");
    }

    private static async Task Say(string lines)
    {
        await File.WriteAllTextAsync(RunningPlatform.File("etc/dhcp-platform.conf"), lines);
        await RunningPlatform.KillAndAwait("dhcp-platform");
    }
}
