using System.Text.Json;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Serve;

/// <summary>One peer on the control socket: lines of JSON in, one line of answer each. docs/protocol.md "Hub control".</summary>
internal sealed class ControlConnection : IDisposable
{
    private const int MaxLineLength = 16 * 1024;
    private readonly EventLoop _loop;
    private readonly FileDescriptor _socket;
    private readonly Func<HubRequest, HubAnswer> _answer;
    private readonly Action<ControlConnection> _ended;
    private readonly ulong _key;
    private readonly byte[] _received = new byte[MaxLineLength];
    private readonly MemoryStream _unsent = new();
    private int _length;
    private bool _closed;

    /// <param name="loop">Where it runs.</param>
    /// <param name="socket">Non-blocking; owned.</param>
    /// <param name="answer">Does what is asked.</param>
    /// <param name="ended">Called once when the peer is gone; then dispose.</param>
    public ControlConnection(EventLoop loop, FileDescriptor socket, Func<HubRequest, HubAnswer> answer, Action<ControlConnection> ended)
    {
        (_loop, _socket, _answer, _ended) = (loop, socket, answer, ended);
        _key = loop.Add(socket, EpollEvents.EPOLLIN, OnReady);
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
        if (_unsent.Length > 0) Send();
        else Receive();
    }

    private void Receive()
    {
        var read = _socket.TryRead(_received.AsSpan(_length));
        if (read.WouldBlock) return;
        if (read.Count == 0)
        {
            // The end, an error, or a line longer than any request.
            _ended(this);
            return;
        }

        _length += read.Count;
        var rest = _received.AsSpan(0, _length);
        for (int end; (end = rest.IndexOf((byte)'\n')) >= 0; rest = rest[(end + 1)..]) Answer(rest[..end]);
        rest.CopyTo(_received);
        _length = rest.Length;
        Send();
    }

    private void Answer(ReadOnlySpan<byte> line)
    {
        HubAnswer answer;
        try
        {
            var request = JsonSerializer.Deserialize(line, ProtocolJson.Default.HubRequest);
            answer = request is null ? Refusal("null is no request") : _answer(request);
        }
        catch (JsonException malformed)
        {
            answer = Refusal($"not a request: {malformed.Message}");
        }

        JsonSerializer.Serialize(_unsent, answer, ProtocolJson.Default.HubAnswer);
        _unsent.WriteByte((byte)'\n');
    }

    private static HubAnswer Refusal(string error) => new() { Ok = false, Error = error };

    private void Send()
    {
        while (_unsent.Length > 0)
        {
            var written = _socket.TryWrite(_unsent.GetBuffer().AsSpan(0, (int)_unsent.Length));
            if (written.WouldBlock)
            {
                // No further request is read until the peer has taken its answers: what waits here stays bounded.
                _loop.Change(_key, _socket, EpollEvents.EPOLLOUT);
                return;
            }

            if (!written.Succeeded)
            {
                _ended(this);
                return;
            }

            var left = (int)_unsent.Length - written.Count;
            _unsent.GetBuffer().AsSpan(written.Count, left).CopyTo(_unsent.GetBuffer());
            _unsent.SetLength(left);
            _unsent.Position = left;
        }

        if (!_closed) _loop.Change(_key, _socket, EpollEvents.EPOLLIN);
    }
}
