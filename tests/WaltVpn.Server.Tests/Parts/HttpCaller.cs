using System.Net;
using System.Net.Sockets;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>A machine that speaks to the public face over TCP, byte by byte. All of 127.0.0.0/8 is this host: each address is another machine.</summary>
/// <param name="port">Of the face.</param>
/// <param name="address">The machine's.</param>
internal sealed class HttpCaller(int port, string address = "127.0.0.1")
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>A port that nobody has now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>A connection.</summary>
    public async Task<Socket> Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    /// <summary>Asks for the server's name.</summary>
    /// <param name="headers">More of them, each with its line end.</param>
    /// <returns>The answer, its head and its body.</returns>
    public Task<string> Ask(string headers = "") => Send($"GET {Routes.ServerName} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n");

    /// <summary>Sends something on a connection of its own.</summary>
    /// <returns>All that comes back before the far end closes; empty when it closes at once.</returns>
    public async Task<string> Send(string text)
    {
        using var socket = await Connect();
        try
        {
            await socket.SendAsync(Encoding.Latin1.GetBytes(text));
        }
        catch (SocketException)
        {
            // Closed before it was read to its end: what was answered counts.
        }

        return await ReadToEnd(socket);
    }

    /// <summary>Reads until the far end closes.</summary>
    public static async Task<string> ReadToEnd(Socket socket)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, deadline.Token) is > 0 and var length) text.Append(Encoding.Latin1.GetString(buffer, 0, length));
        }
        catch (SocketException)
        {
            // Reset: it closed with something unread.
        }

        return text.ToString();
    }
}
