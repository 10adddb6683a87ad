using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary>The daemon's administration socket (docs/protocol.md "HTTP"). Every failure is a <see cref="CliException"/> with its exit status.</summary>
internal sealed class ServerConnection : IDisposable
{
    /// <summary>Where the packaged daemon listens.</summary>
    public const string DefaultSocket = "/run/waltvpn/api.sock";

    private readonly string _socket;
    private readonly HttpClient _http;

    /// <param name="socket">Path of the administration socket.</param>
    public ServerConnection(string socket)
    {
        _socket = socket;
        // A monitor's stream lives for days; requests end with the server's own deadlines.
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = Connect })
        {
            BaseAddress = new Uri("http://waltvpnd"),
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Asks for a value.</summary>
    public async Task<T> Get<T>(string path, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        using var answer = await Send(new HttpRequestMessage(HttpMethod.Get, path), HttpCompletionOption.ResponseContentRead, cancel);
        return await Read(answer, type, cancel);
    }

    /// <summary>Asks for a change.</summary>
    public Task<T> Post<T>(string path, RequestDecision? decision, JsonTypeInfo<T> type, CancellationToken cancel) =>
        PostContent(path, decision is null ? null : JsonContent.Create(decision, ProtocolJson.Default.RequestDecision), type, cancel);

    /// <summary>Asks for a change, with what it takes.</summary>
    public async Task<T> PostContent<T>(string path, HttpContent? content, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        using var answer = await Send(request, HttpCompletionOption.ResponseContentRead, cancel);
        return await Read(answer, type, cancel);
    }

    /// <summary>Asks for something to be done that has no answer of its own.</summary>
    public async Task Order(string path, HttpContent? content, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        using var answer = await Send(request, HttpCompletionOption.ResponseContentRead, cancel);
    }

    /// <summary>Listens to the enrolment requests: first those that wait, then every change, until the server ends.</summary>
    /// <param name="connected">Called when the server began to answer.</param>
    /// <param name="cancel">Ends it.</param>
    public async IAsyncEnumerable<RequestView> RequestEvents(Action connected, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var answer = await Send(new HttpRequestMessage(HttpMethod.Get, Routes.RequestEvents), HttpCompletionOption.ResponseHeadersRead, cancel);
        connected();
        await using var stream = await answer.Content.ReadAsStreamAsync(cancel);
        var parser = SseParser.Create(stream, (_, data) => Parse(data, ProtocolJson.Default.RequestView));
        await foreach (var item in parser.EnumerateAsync(cancel)) yield return item.Data;
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> Send(HttpRequestMessage request, HttpCompletionOption completion, CancellationToken cancel)
    {
        try
        {
            var answer = await _http.SendAsync(request, completion, cancel);
            if (answer.IsSuccessStatusCode) return answer;
            using (answer) throw await Failure(answer, cancel);
        }
        catch (HttpRequestException e)
        {
            throw new CliException(ExitCode.ServerNotReachable, $"the server cannot be reached on {_socket}: {Cause(e)}");
        }
    }

    private async ValueTask<Stream> Connect(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static string Cause(HttpRequestException e) => e.InnerException switch
    {
        SocketException { SocketErrorCode: SocketError.AccessDenied } =>
            "access denied. Join the operators' group ('adduser USER waltvpn', then log in again), or use sudo",
        SocketException => "nobody listens there. Start it ('systemctl start waltvpnd'), or name its socket with --socket or WALTVPN_SOCKET",
        _ => $"what listens there broke off ({e.Message}). Look at its log: journalctl -u waltvpnd",
    };

    private static async Task<T> Read<T>(HttpResponseMessage answer, JsonTypeInfo<T> type, CancellationToken cancel) =>
        Parse(await answer.Content.ReadAsByteArrayAsync(cancel), type);

    private static T Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw NotUnderstood("It is null.");
        }
        catch (JsonException e)
        {
            throw NotUnderstood(e.Message);
        }
    }

    private static CliException NotUnderstood(string reason) => new(
        ExitCode.Failed, $"the server's answer is not understood ({reason}) Are waltvpn and waltvpnd of one version? Ask each with --version.");

    private static async Task<CliException> Failure(HttpResponseMessage answer, CancellationToken cancel)
    {
        var detail = await Detail(answer, cancel);
        var isChange = answer.RequestMessage!.Method == HttpMethod.Post;
        return new CliException(
            answer.StatusCode switch
            {
                HttpStatusCode.NotFound => ExitCode.NotFound,
                HttpStatusCode.Conflict or HttpStatusCode.Forbidden or HttpStatusCode.BadRequest => ExitCode.Refused,
                // The daemon's own word about a change: what was decided stands, something that follows does not yet.
                HttpStatusCode.ServiceUnavailable when isChange && detail is not null => ExitCode.DoneInPart,
                _ => ExitCode.Failed,
            },
            detail ?? $"the server answered {(int)answer.StatusCode} ({answer.ReasonPhrase}) and not why. Look at its log: journalctl -u waltvpnd");
    }

    /// <summary>What the problem record says (RFC 9457); null when there is none.</summary>
    private static async Task<string?> Detail(HttpResponseMessage answer, CancellationToken cancel)
    {
        try
        {
            return JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(cancel), ProtocolJson.Default.Problem)?.Detail;
        }
        catch (JsonException)
        {
            // The status has to do.
            return null;
        }
    }
}
