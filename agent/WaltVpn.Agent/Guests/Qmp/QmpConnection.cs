using System.Net.Sockets;
using WaltVpn.Agent.WaltHttp;

namespace WaltVpn.Agent.Guests.Qmp;

/// <summary>Speaks with a QEMU over its socket: one command at a time, events as they come.</summary>
internal sealed class QmpConnection : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Socket _socket;
    private readonly TimeSpan _deadline;
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly Lock _gate = new();
    private readonly byte[] _buffer = new byte[QmpMessage.MaxLength];
    private readonly TaskCompletionSource _greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource<QmpMessage>? _awaited;
    private long _id;
    private int _filled;
    private int _taken; // of a line that was handed out

    private QmpConnection(Socket socket, TimeSpan deadline) => (_socket, _deadline) = (socket, deadline);

    /// <summary>An event came. Raised on a pool thread, in order; who listens must not wait.</summary>
    public event Action<QmpMessage>? Happened;

    /// <summary>Completes, with the reason, when nothing can come any more.</summary>
    public Task<string> Ended { get; private set; } = Task.FromResult("");

    /// <summary>Connects and ends the negotiation.</summary>
    /// <param name="path">Of the socket; waited for.</param>
    /// <param name="deadline">For the socket, and for each answer.</param>
    /// <param name="listen">Told of events from the first on.</param>
    /// <param name="gone">Ends with QEMU: nothing to wait for any more.</param>
    /// <exception cref="QmpException">Nobody listens, or who does is no QEMU.</exception>
    public static async Task<QmpConnection> Open(string path, TimeSpan deadline, Action<QmpMessage> listen, Task gone, CancellationToken stopping)
    {
        var connection = new QmpConnection(await Connect(path, deadline, gone, stopping), deadline);
        try
        {
            connection.Happened += listen;
            connection.Ended = connection.Read();
            await connection.Within(connection._greeted.Task, "its greeting", stopping);
            await connection.Execute(QmpCommand.Capabilities, stopping);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Has a command carried out.</summary>
    /// <exception cref="QmpException">It was refused, or no answer came.</exception>
    public async Task<QmpReturn> Execute(QmpCommand command, CancellationToken stopping)
    {
        await _oneAtATime.WaitAsync(stopping);
        try
        {
            var answer = new TaskCompletionSource<QmpMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_gate) _awaited = answer;
            var id = ++_id;
            await _socket.SendAsync((command with { Id = id }).ToBytes(), stopping);
            var message = await Within(answer.Task, $"an answer to {command.Execute}", stopping);
            if (message.Id != id) throw new QmpException($"{command.Execute}: it answered something else");
            if (message.Error is { } error) throw new QmpException($"{command.Execute}: {WaltHttpClient.Printable(error.Desc)}", refused: true);
            return message.Return!;
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            throw new QmpException($"{command.Execute}: {gone.Message}", cause: gone);
        }
        finally
        {
            lock (_gate) _awaited = null;
            _oneAtATime.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static async Task<Socket> Connect(string path, TimeSpan deadline, Task gone, CancellationToken stopping)
    {
        for (var started = TimeProvider.System.GetTimestamp(); ; await Task.Delay(Pause, stopping))
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stopping);
                return socket;
            }
            catch (SocketException failure)
            {
                socket.Dispose();
                if (gone.IsCompleted) throw new QmpException("QEMU ended before it could be spoken to", cause: failure);
                if (TimeProvider.System.GetElapsedTime(started) >= deadline) throw new QmpException($"{path}: {failure.Message}", cause: failure);
            }
        }
    }

    private async Task<T> Within<T>(Task<T> what, string name, CancellationToken stopping)
    {
        await Within((Task)what, name, stopping);
        return await what;
    }

    private async Task Within(Task what, string name, CancellationToken stopping)
    {
        try
        {
            // What came before the end counts.
            await Task.WhenAny(what, Ended).WaitAsync(_deadline, stopping);
        }
        catch (TimeoutException late)
        {
            throw new QmpException($"{name} did not come within {_deadline.TotalSeconds:0} s", cause: late);
        }

        if (!what.IsCompleted) throw new QmpException($"{name} did not come: {await Ended}");
        await what;
    }

    private async Task<string> Read()
    {
        // Whoever opened it goes on first.
        await Task.Yield();
        try
        {
            while (await ReadLine() is { } line)
            {
                var message = QmpMessage.Parse(line.Span);
                if (message.Greeting is not null) _greeted.TrySetResult();
                else if (message.Event is not null) Happened?.Invoke(message);
                else Answer(message);
            }

            return "it closed its socket";
        }
        catch (FormatException wrong)
        {
            return wrong.Message;
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return gone.Message;
        }
    }

    private void Answer(QmpMessage message)
    {
        lock (_gate) _awaited?.TrySetResult(message);
    }

    // Without its line feed; valid until the next call. Null: the end.
    private async Task<ReadOnlyMemory<byte>?> ReadLine()
    {
        if (_taken > 0)
        {
            _buffer.AsSpan(_taken, _filled - _taken).CopyTo(_buffer);
            (_filled, _taken) = (_filled - _taken, 0);
        }

        while (true)
        {
            if (_buffer.AsSpan(0, _filled).IndexOf((byte)'\n') is >= 0 and var end)
            {
                _taken = end + 1;
                return _buffer.AsMemory(0, end);
            }

            if (_filled == _buffer.Length) throw new FormatException($"it sent a line of more than {QmpMessage.MaxLength} bytes");
            var length = await _socket.ReceiveAsync(_buffer.AsMemory(_filled));
            if (length == 0) return null;
            _filled += length;
        }
    }
}
