using System.Diagnostics;
using System.Net.Sockets;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>Whole Ethernet frames in and out of an interface in another namespace: a packet socket, held by socat, behind a datagram socket.</summary>
internal sealed class RawPort : IDisposable
{
    private const int LargestFrame = 2048;
    private readonly Socket _socket;
    private readonly Process _socat;
    private readonly UnixDomainSocketEndPoint _far;

    /// <param name="space">Network namespace.</param>
    /// <param name="link">Interface in it, up.</param>
    /// <param name="path">Start of the names of two sockets.</param>
    public RawPort(string space, string link, string path)
    {
        File.Delete(path + ".near");
        File.Delete(path + ".far");
        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        _socket.Bind(new UnixDomainSocketEndPoint(path + ".near"));
        _far = new UnixDomainSocketEndPoint(path + ".far");
        _socat = Tool.Start("ip", "netns", "exec", space, "socat", $"UNIX-SENDTO:{path}.near,bind={path}.far", $"INTERFACE:{link}");
    }

    /// <summary>Waits until frames pass.</summary>
    public Task Ready() => Eventually.Holds("socat holds the interface", () => File.Exists(_far.ToString()!));

    /// <summary>Sends frames from the interface.</summary>
    public async Task Send(params byte[][] frames)
    {
        foreach (var frame in frames) await _socket.SendToAsync(frame, _far);
    }

    /// <summary>All frames that came in, up to the one for which this is true.</summary>
    public async Task<List<byte[]>> ReceiveUntil(Func<byte[], bool> last)
    {
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        List<byte[]> frames = [];
        var buffer = new byte[LargestFrame];
        while (frames.Count == 0 || !last(frames[^1])) frames.Add(buffer[..await _socket.ReceiveAsync(buffer, deadline.Token)]);
        return frames;
    }

    public void Dispose()
    {
        _socat.Kill();
        _socat.Dispose();
        _socket.Dispose();
    }
}
