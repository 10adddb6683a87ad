using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using WaltVpn.Cli;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>An operator's boot key, and what she does with it.</summary>
internal sealed class BootKey : IDisposable
{
    private readonly RSA _key = RSA.Create(2048);

    /// <summary>Writes the public half where the platform's settings name it.</summary>
    public void Install(TestPlatform platform) => File.WriteAllText(platform.Settings.BootPublicKeyFile, _key.ExportSubjectPublicKeyInfoPem());

    /// <summary>Signs an image.</summary>
    public SignatureFile Sign(byte[] image) => BootCommands.Sign(image, _key);

    /// <summary>Publishes an image for a board.</summary>
    public Task<(HttpStatusCode Status, string Body)> Publish(TestPlatform platform, byte[] image, string board = "qemu-x64") =>
        Send(platform, image, Sign(image).ToText(), board);

    /// <summary>Publishes whatever is given.</summary>
    public static async Task<(HttpStatusCode Status, string Body)> Send(TestPlatform platform, byte[] image, string signature, string board = "qemu-x64")
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(platform.Settings.ApiSocket), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        // Who is refused for the size learns it before the body is sent.
        http.DefaultRequestHeaders.ExpectContinue = true;
        using var content = new ByteArrayContent(image);
        content.Headers.Add(Protocol.BootFiles.SignatureHeader, Convert.ToBase64String(Encoding.UTF8.GetBytes(signature)));
        using var answer = await http.PostAsync($"http://waltvpnd{Routes.BootFiles}/{board}", content);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public void Dispose() => _key.Dispose();
}
