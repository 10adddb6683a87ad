using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using WaltVpn.Agent.BootFiles;

namespace WaltVpn.Agent.Tests.Unit.BootFiles;

/// <summary>Serves boot.sig and boot.img on the loopback interface, with ranges as waltvpnd has them, or what a test says instead.</summary>
internal sealed partial class ImageServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public ImageServer()
    {
        _listener.Start();
        _ = Serve();
    }

    /// <summary>What it has; null: 404.</summary>
    public SignedImage? Image { get; set; }

    /// <summary>Nobody answers a question any more.</summary>
    public bool IsDown { get; set; }

    /// <summary>Bytes of boot.img after which the line breaks, once; null: it does not.</summary>
    public int? BreaksAfter { get; set; }

    /// <summary>Whole answers that take the place of those of a file, by its name.</summary>
    public Dictionary<string, string> Instead { get; } = [];

    /// <summary>How often they do.</summary>
    public int InsteadTimes { get; set; } = int.MaxValue;

    /// <summary>First bytes of boot.img that were asked for, in order.</summary>
    public List<long> Asked { get; } = [];

    /// <summary>As a node's settings name it.</summary>
    public BootSource Source => new(
        new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}"),
        "/walt-vpn/boot/0123",
        SignedImage.Key.ExportSubjectPublicKeyInfo());

    public void Dispose() => _listener.Dispose();

    private async Task Serve()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                try
                {
                    if (!IsDown) await Answer(client.GetStream());
                }
                catch (IOException)
                {
                    // The node went off, or had enough.
                }
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task Answer(NetworkStream stream)
    {
        var request = new StringBuilder();
        var buffer = new byte[4096];
        while (!request.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            var length = await stream.ReadAsync(buffer);
            if (length == 0) return;
            request.Append(Encoding.ASCII.GetString(buffer, 0, length));
        }

        var name = Path.GetFileName(request.ToString().Split(' ')[1]);
        if (InsteadTimes > 0 && Instead.TryGetValue(name, out var answer))
        {
            InsteadTimes--;
            await stream.WriteAsync(Encoding.Latin1.GetBytes(answer));
        }
        else if (Image is null) await stream.WriteAsync("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        else if (name == "boot.sig") await stream.WriteAsync(Whole(Encoding.ASCII.GetBytes(Image.Signature.ToText())));
        else await Send(stream, Image, request.ToString());
    }

    private async Task Send(NetworkStream stream, SignedImage image, string request)
    {
        var asked = RangeHeader().Match(request);
        var from = asked.Success && asked.Groups["tag"].Value == image.Sha256 ? long.Parse(asked.Groups["from"].Value, CultureInfo.InvariantCulture) : 0;
        Asked.Add(from);
        var total = image.Content.Length;
        if (from >= total)
        {
            await stream.WriteAsync("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
            return;
        }

        var head = from == 0
            ? $"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n"
            : $"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{total - 1}/{total}\r\nContent-Length: {total - from}\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        var most = BreaksAfter is { } bytes ? Math.Min(bytes, total - (int)from) : total - (int)from;
        BreaksAfter = null;
        await stream.WriteAsync(image.Content.AsMemory((int)from, most));
    }

    private static byte[] Whole(byte[] body) => [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];

    [GeneratedRegex("\r\nRange: bytes=(?<from>[0-9]+)-\r\nIf-Range: \"(?<tag>[0-9a-f]+)\"\r\n")]
    private static partial Regex RangeHeader();
}
