using System.Text;
using WaltVpn.Hub.Connect;
using WaltVpn.Linux;

namespace WaltVpn.Hub.Serve;

/// <summary>One <c>waltvpn-hub connect</c>: first its ticket and two descriptors, then nothing until the tunnel ends and it is told why.</summary>
internal sealed class ConnectConnection : IDisposable
{
    /// <summary>How long a peer may be connected without having shown a ticket.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly EventLoop _loop;
    private readonly FileDescriptor _socket;
    private readonly TicketShown _shown;
    private readonly Action<ConnectConnection> _gone;
    private readonly ulong _key;
    private bool _hasShown;
    private bool _closed;

    /// <param name="loop">Where it runs.</param>
    /// <param name="socket">Non-blocking; owned.</param>
    /// <param name="since">Timestamp of its arrival.</param>
    /// <param name="shown">Gets the ticket and the descriptors, which it owns.</param>
    /// <param name="gone">Called when the peer ended.</param>
    public ConnectConnection(EventLoop loop, FileDescriptor socket, long since, TicketShown shown, Action<ConnectConnection> gone)
    {
        (_loop, _socket, Since, _shown, _gone) = (loop, socket, since, shown, gone);
        _key = loop.Add(socket, EpollEvents.EPOLLIN, OnReady);
    }

    /// <summary>Takes a ticket with the descriptors that came with it, any number and kind.</summary>
    public delegate void TicketShown(ConnectConnection connection, TunnelRequest request, IReadOnlyList<FileDescriptor> descriptors);

    /// <summary>When it came.</summary>
    public long Since { get; }

    /// <summary>It still has to show a ticket.</summary>
    public bool IsWaiting => !_hasShown;

    /// <summary>Tells the peer why, and closes.</summary>
    public void Close(string reason)
    {
        // A peer that is gone needs no reason.
        if (!_closed) _socket.TryWrite(Encoding.UTF8.GetBytes($"{reason}\n"));
        Dispose();
    }

    public void Dispose()
    {
        if (_closed) return;
        _closed = true;
        _loop.Remove(_key, _socket);
        _socket.Dispose();
    }

    private void OnReady(EpollEvents events)
    {
        // One byte more than a request, so that more than a request is seen.
        Span<byte> message = stackalloc byte[TicketBook.TicketLength + TunnelRequest.Version2Mark.Length + 1];
        var (bytes, descriptors) = DescriptorPassing.Receive(_socket, message);
        if (bytes.WouldBlock) return;
        if (bytes.Error is Errno.EMSGSIZE)
        {
            Close("refused: too many descriptors");
            _gone(this);
            return;
        }

        if (!_hasShown && bytes.Count > 0)
        {
            _hasShown = true;
            _shown(this, TunnelRequest.Parse(Encoding.ASCII.GetString(message[..bytes.Count])), descriptors);
            return;
        }

        // The end of the peer; or words after the ticket, which nobody asked for.
        foreach (var descriptor in descriptors) descriptor.Dispose();
        _gone(this);
    }
}
