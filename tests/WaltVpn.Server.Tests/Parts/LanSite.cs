using System.Net;
using WaltVpn.Server.Settings;
using Xunit;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>A platform whose daemon has a LAN face on port 80 of the bridge, and its public face on port 80 of everything else.</summary>
internal sealed class LanSite : IAsyncDisposable
{
    /// <summary>Test classes that have one take turns: the bridge's name and port 80 are there once.</summary>
    public const string Collection = "lan";

    private LanSite(TestPlatform platform, LanNetwork network) => (Platform, Network) = (platform, network);

    public TestPlatform Platform { get; }

    public LanNetwork Network { get; }

    public BootKey BootKey { get; } = new();

    public string LeaseFile => Path.Combine(Platform.Folder, "leases");

    /// <param name="policy">For requests from inside.</param>
    /// <param name="change">More changes of the settings.</param>
    public static async Task<LanSite> Open(EnrollmentPolicy policy = EnrollmentPolicy.Auto, Func<ServerSettings, ServerSettings>? change = null)
    {
        PrivateHost.Require();
        Assert.SkipUnless(File.Exists("/usr/bin/curl"), "needs curl");
        var network = await LanNetwork.Make();
        var platform = await TestPlatform.Start(settings =>
        {
            var lan = settings with
            {
                Http = new IPEndPoint(IPAddress.Any, 80),
                Lan = new LanSettings(new IPEndPoint(IPAddress.Parse(LanNetwork.Server), 80), null),
                LanPolicy = policy,
                HttpEntrypoint = "boot.example.org",
                BootPublicKeyFile = Path.Combine(settings.StateDirectory, "..", "boot.pem"),
                SshUser = "walt-vpn",
            };
            return change?.Invoke(lan) ?? lan;
        });
        // Within reach of walt-vpn, which runs sshd's helpers.
        File.SetUnixFileMode(platform.Folder, (UnixFileMode)Convert.ToInt32("755", 8));
        var site = new LanSite(platform, network);
        site.BootKey.Install(platform);
        return site;
    }

    /// <summary>A board on the bridge.</summary>
    public Task<LanBoard> Board(int number) => Network.Plug(number, Platform.Folder);

    public async ValueTask DisposeAsync()
    {
        BootKey.Dispose();
        await Platform.DisposeAsync();
        await Network.DisposeAsync();
    }
}
