using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace WaltVpn.Agent.WaltHttp;

/// <summary>The body of a large answer, as it comes, from any byte on (RFC 9110 section 14). Plain HTTP, like <see cref="HttpExchange"/>.</summary>
internal sealed class HttpDownload : IDisposable
{
    private readonly TcpClient _client;
    private readonly TimeSpan _silence;
    private readonly string _what;
    private ReadOnlyMemory<byte> _ahead;
    private long _left;

    private HttpDownload(TcpClient client, string what, TimeSpan silence) => (_client, _what, _silence) = (client, what, silence);

    /// <summary>Where the body begins: the byte that was asked for, or 0 when the server gives all of it, or has none from there on.</summary>
    public long Start { get; private set; }

    /// <summary>Bytes of the whole file.</summary>
    public long Total { get; private set; }

    /// <summary>The server has the file, and no byte from there on.</summary>
    public bool IsBeyondEnd { get; private set; }

    /// <summary>Asks for a file.</summary>
    /// <param name="server">Scheme http.</param>
    /// <param name="path">Starts with a slash.</param>
    /// <param name="from">First byte that is wanted.</param>
    /// <param name="tag">The file's entity tag without quotes: of another file all bytes are wanted.</param>
    /// <param name="silence">How long the server may say nothing, at any point.</param>
    /// <exception cref="HttpException">No answer, or none that can be used.</exception>
    public static async Task<HttpDownload> Open(Uri server, string path, long from, string tag, TimeSpan silence, CancellationToken stopping)
    {
        var client = new TcpClient();
        var download = new HttpDownload(client, $"GET http://{server.Authority}{path}", silence);
        try
        {
            await download.Within(token => client.ConnectAsync(server.IdnHost.Trim('[', ']'), server.Port, token), stopping);
            var range = from > 0 ? $"Range: bytes={from}-\r\nIf-Range: \"{tag}\"\r\n" : "";
            var request = $"GET {path} HTTP/1.1\r\nHost: {server.Authority}\r\nUser-Agent: waltvpn-agent\r\n"
                + $"Accept-Encoding: identity\r\n{range}Connection: close\r\n\r\n";
            await download.Within(token => client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), token), stopping);
            await download.ReadHead(from, stopping);
            return download;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Reads on.</summary>
    /// <returns>Bytes; 0 at the end of the file.</returns>
    /// <exception cref="HttpException">The rest does not come.</exception>
    public async Task<int> Read(Memory<byte> buffer, CancellationToken stopping)
    {
        if (_left == 0) return 0;
        var room = buffer[..(int)Math.Min(buffer.Length, _left)];
        int length;
        if (_ahead.Length > 0)
        {
            length = Math.Min(_ahead.Length, room.Length);
            _ahead[..length].CopyTo(room);
            _ahead = _ahead[length..];
        }
        else
        {
            length = await Receive(room, stopping);
            if (length == 0) throw new HttpException($"{_what}: the connection ended {_left} bytes before the end");
        }

        _left -= length;
        return length;
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task ReadHead(long from, CancellationToken stopping)
    {
        var received = new byte[HttpHead.MaxBytes + 4];
        var length = 0;
        HttpHead? head;
        try
        {
            while ((head = HttpHead.Read(received.AsSpan(0, length))) is null)
            {
                var got = await Receive(received.AsMemory(length), stopping);
                if (got == 0 && length == 0) throw new HttpException($"{_what}: the connection was closed without an answer") { IsBusy = true };
                if (got == 0) throw new FormatException($"the connection ended after {length} bytes, before the answer's headers");
                length += got;
            }
        }
        catch (FormatException wrong)
        {
            throw new HttpException($"{_what}: {wrong.Message}", wrong);
        }

        Take(head, from);
        _ahead = received.AsMemory(head.Bytes, length - head.Bytes);
    }

    private void Take(HttpHead head, long from)
    {
        if (head is { Status: 416 } && from > 0)
        {
            IsBeyondEnd = true;
            return;
        }

        if (head.Status is not (200 or 206)) throw new HttpException($"{_what}: the server refused with status {head.Status}") { IsBusy = HttpException.IsBusyStatus(head.Status) };
        if (head.Length is not { } bytes) throw new HttpException($"{_what}: the answer does not say how long it is");
        _left = bytes;
        if (head.Status == 200)
        {
            Total = bytes;
            return;
        }

        (Start, Total) = (from, from + bytes);
        // "bytes first-last/total"; it was asked to the end.
        if (from == 0 || head.Range != string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{Total - 1}/{Total}"))
            throw new HttpException($"{_what}: the server answered with another part than was asked for");
    }

    private async Task<int> Receive(Memory<byte> buffer, CancellationToken stopping)
    {
        var length = 0;
        await Within(async token => length = await _client.GetStream().ReadAsync(buffer, token), stopping);
        return length;
    }

    private async Task Within(Func<CancellationToken, ValueTask> step, CancellationToken stopping)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        end.CancelAfter(_silence);
        try
        {
            await step(end.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw new HttpException($"{_what}: nothing came for {_silence.TotalSeconds:0} s");
        }
        catch (Exception failure) when (failure is SocketException || (failure is IOException && failure is not HttpException))
        {
            throw new HttpException($"{_what}: {failure.Message}", failure) { IsBusy = HttpExchange.IsReset(failure) };
        }
    }
}
