using System.Net;
using System.Net.Sockets;
using System.Text;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;

namespace WaltVpn.Server.Tests.Unit.BootFiles;

/// <summary>A platform with a boot key, its public face, and one node that is a virtual board.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly int _port;

    private Site(TestPlatform platform, int port)
    {
        (Platform, _port) = (platform, port);
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    public TestPlatform Platform { get; }

    public BootKey Key { get; } = new();

    public HttpClient Http { get; }

    /// <summary>The node's id.</summary>
    public string Node { get; private set; } = "";

    public string Sig => $"{Routes.Boot}/{Node}/boot.sig";

    public string Img => $"{Routes.Boot}/{Node}/boot.img";

    public static async Task<Site> Open()
    {
        var port = HttpCaller.FreePort();
        var platform = await TestPlatform.Start(settings => settings with
        {
            Http = new IPEndPoint(IPAddress.Loopback, port),
            LanPolicy = EnrollmentPolicy.Auto,
            BootPublicKeyFile = Path.Combine(settings.StateDirectory, "..", "boot.pem"),
        });
        var site = new Site(platform, port);
        site.Key.Install(platform);
        site.Node = await site.NewNode(1, "WaltVpn virtual board");
        return site;
    }

    /// <summary>Enrols a board and returns its id.</summary>
    public async Task<string> NewNode(int number, string model)
    {
        var node = await TestNode.Make(Platform, number);
        node.Model = model;
        return (await node.Enroll(Platform, TestPlatform.Lan)).Identity.ShouldNotBeNull().NodeId;
    }

    /// <summary>Sends a request line as it is and returns the status line.</summary>
    public async Task<string> Raw(string requestLine)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _port);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes($"{requestLine}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        return await reader.ReadLineAsync() ?? "";
    }

    public Task<(int Status, string Output)> Waltvpn(params string[] arguments) => Platform.Waltvpn(arguments);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        Key.Dispose();
        await Platform.DisposeAsync();
    }
}
