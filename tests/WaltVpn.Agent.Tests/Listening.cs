using System.Net;
using System.Net.Sockets;

namespace WaltVpn.Agent.Tests;

/// <summary>Servers that the tests start and that tell nobody when they are ready.</summary>
internal static class Listening
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until a port of the loopback interface takes connections.</summary>
    public static async Task On(int port)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port, deadline.Token);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(Pause, deadline.Token);
            }
        }
    }
}
