using WaltVpn.Linux;

namespace WaltVpn.Hub.Serve;

/// <summary>A socket at a path. The kernel says who connects, and only root and one user get in; the path's mode lets everybody knock.</summary>
internal sealed class Listener : IDisposable
{
    private const UnixFileMode Everybody = (UnixFileMode)0b110_110_110;
    private readonly EventLoop _loop;
    private readonly string _path;
    private readonly uint _user;
    private readonly Action<FileDescriptor> _accepted;
    private readonly FileDescriptor _socket;
    private readonly ulong _key;
    private bool _paused;

    /// <param name="loop">Where it runs.</param>
    /// <param name="path">The socket.</param>
    /// <param name="user">uid that may connect, beside root.</param>
    /// <param name="accepted">Gets each connection, and owns it.</param>
    public Listener(EventLoop loop, string path, uint user, Action<FileDescriptor> accepted)
    {
        (_loop, _path, _user, _accepted) = (loop, path, user, accepted);
        _socket = UnixSocket.Listen(path);
        File.SetUnixFileMode(path, Everybody);
        _key = loop.Add(_socket, EpollEvents.EPOLLIN, OnReady);
        loop.Ticked += Resume;
    }

    public void Dispose()
    {
        _loop.Ticked -= Resume;
        _loop.Remove(_key, _socket);
        _socket.Dispose();
        File.Delete(_path);
    }

    private void OnReady(EpollEvents events)
    {
        try
        {
            if (UnixSocket.Accept(_socket) is not { } connection) return;
            var peer = UnixSocket.PeerOf(connection);
            if (peer.UserId == 0 || peer.UserId == _user)
            {
                _accepted(connection);
                return;
            }

            Log.Warning($"{_path}: user {peer.UserId} (process {peer.ProcessId}) refused");
            connection.Dispose();
        }
        catch (ErrnoException full) when (full.Errno is Errno.EMFILE or Errno.ENFILE or Errno.ENOBUFS or Errno.ENOMEM)
        {
            // Whoever waits would wake the loop again at once: look again at the next tick.
            Log.Warning($"{_path}: {full.Message}");
            _paused = true;
            _loop.Change(_key, _socket, EpollEvents.None);
        }
    }

    private void Resume()
    {
        if (!_paused) return;
        _paused = false;
        _loop.Change(_key, _socket, EpollEvents.EPOLLIN);
    }
}
