using System.Net;
using System.Net.Sockets;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>A proxy that turned evil: passes one connection on to the server, keeps all it sees, and may turn a bit or cut.</summary>
internal sealed class EvilRelay : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Parse(RunningPlatform.PublicAddress), 0);
    private readonly Task _running;

    /// <param name="flip">Which byte of which direction loses its lowest bit; null: none.</param>
    /// <param name="cut">After which byte of which direction it ends; null: none.</param>
    public EvilRelay((bool Up, long At)? flip = null, (bool Up, long At)? cut = null)
    {
        _listener.Start();
        _running = Run(flip, cut);
    }

    /// <summary>Where it listens.</summary>
    public string Port => $"{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>What went to the server. Complete after <see cref="Ended"/>.</summary>
    public MemoryStream Up { get; } = new();

    /// <summary>What came from it.</summary>
    public MemoryStream Down { get; } = new();

    /// <summary>Waits for the end of the connection.</summary>
    public Task Ended() => _running.WaitAsync(Tool.Deadline);

    public void Dispose() => _listener.Dispose();

    private async Task Run((bool Up, long At)? flip, (bool Up, long At)? cut)
    {
        using var node = await _listener.AcceptTcpClientAsync();
        using var server = new TcpClient();
        await server.ConnectAsync(IPAddress.Parse(RunningPlatform.PublicAddress), int.Parse(RunningPlatform.SshPort, System.Globalization.CultureInfo.InvariantCulture));
        long? At((bool Up, long At)? place, bool up) => place is { } given && given.Up == up ? given.At : null;
        await using var fromNode = node.GetStream();
        await using var fromServer = server.GetStream();
        var up = Pass(fromNode, fromServer, Up, At(flip, true), At(cut, true));
        var down = Pass(fromServer, fromNode, Down, At(flip, false), At(cut, false));
        await Task.WhenAll(up, down);
    }

    private static async Task Pass(NetworkStream from, NetworkStream to, MemoryStream seen, long? flip, long? cut)
    {
        var buffer = new byte[4096];
        try
        {
            for (int got; (got = await from.ReadAsync(buffer)) > 0;)
            {
                if (flip - seen.Length is >= 0 and var at && at < got) buffer[at] ^= 1;
                seen.Write(buffer.AsSpan(0, got));
                await to.WriteAsync(buffer.AsMemory(0, got));
                if (seen.Length > cut) break;
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // One side is gone, or the other direction has closed it.
        }

        // Ends the other direction as well.
        from.Close();
        to.Close();
    }
}
