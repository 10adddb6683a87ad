using System.Net.Sockets;
using System.Text;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>What no daemon of ours would say: gives every connection of a UNIX socket the same bytes, once it has asked, and closes.</summary>
internal sealed class ScriptedServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public ScriptedServer(string path, string answer)
    {
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _ = Serve(Encoding.ASCII.GetBytes(answer));
    }

    public void Dispose() => _listener.Dispose();

    private async Task Serve(byte[] answer)
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptAsync();
                await client.ReceiveAsync(new byte[4096]);
                await client.SendAsync(answer);
                client.Shutdown(SocketShutdown.Both);
            }
        }
        catch (SocketException)
        {
            // Disposed.
        }
    }
}
