using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>A client of one of the daemon's line sockets.</summary>
internal sealed class Conversation : IDisposable
{
    private readonly NetworkStream _stream;
    private readonly StreamReader _reader;

    private Conversation(Socket socket)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _reader = new StreamReader(_stream);
    }

    public static async Task<Conversation> Open(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
        return new Conversation(socket);
    }

    public Task Write(string line) => WriteBytes(Encoding.UTF8.GetBytes(line + "\n"));

    public Task Write<T>(T value, JsonTypeInfo<T> type) => Write(JsonSerializer.Serialize(value, type));

    public async Task WriteBytes(byte[] bytes) => await _stream.WriteAsync(bytes);

    /// <summary>Nothing more will be written.</summary>
    public void EndWriting() => _stream.Socket.Shutdown(SocketShutdown.Send);

    /// <summary>The next line; null when the daemon closed.</summary>
    public async Task<string?> ReadLine()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        return await _reader.ReadLineAsync(deadline.Token);
    }

    public async Task<T> Read<T>(JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(await ReadLine() ?? throw new EndOfStreamException("the daemon closed without an answer"), type)!;

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
    }
}
