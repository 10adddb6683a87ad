using System.Net.Sockets;
using System.Text;

namespace WaltVpn.Agent.WaltHttp;

/// <summary>One HTTP/1.1 request and its answer, on a connection of its own. No redirects, no TLS, no compression, no proxy
/// (docs/decisions/0005).</summary>
internal static class HttpExchange
{
    private const int ReadSize = 16 * 1024;

    /// <summary>Sends a request and reads the whole answer.</summary>
    /// <param name="server">Scheme http; host and port count.</param>
    /// <param name="path">Starts with a slash; printable ASCII without spaces.</param>
    /// <param name="form">A body of <c>multipart/form-data</c>; null: a GET.</param>
    /// <param name="deadline">For all of it, from the look-up of the name to the last byte.</param>
    /// <exception cref="HttpException">No answer, or none that can be used.</exception>
    public static async Task<HttpAnswer> Send(Uri server, string path, MultipartForm? form, TimeSpan deadline, CancellationToken stopping)
    {
        var what = $"{(form is null ? "GET" : "POST")} http://{server.Authority}{path}";
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        end.CancelAfter(deadline);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(server.IdnHost.Trim('[', ']'), server.Port, end.Token);
            var stream = client.GetStream();
            await stream.WriteAsync(Request(server, path, form), end.Token);
            return await ReadAnswer(stream, end.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw new HttpException($"{what}: no answer within {deadline.TotalSeconds:0} s; is the server reachable from here?");
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData)
        {
            throw new HttpException($"{what}: the name cannot be looked up here; is this the platform's network, or the tunnel up?", failure);
        }
        catch (Exception failure) when (failure is SocketException or FormatException || (failure is IOException && failure is not HttpException))
        {
            throw new HttpException($"{what}: {failure.Message}", failure) { IsBusy = IsReset(failure) };
        }
    }

    /// <summary>The far end closed without reading what was sent.</summary>
    public static bool IsReset(Exception failure) => (failure as SocketException ?? failure.InnerException as SocketException)?.SocketErrorCode is SocketError.ConnectionReset;

    private static byte[] Request(Uri server, string path, MultipartForm? form)
    {
        var head = new StringBuilder();
        head.Append(null, $"{(form is null ? "GET" : "POST")} {path} HTTP/1.1\r\nHost: {server.Authority}\r\nUser-Agent: waltvpn-agent\r\n");
        head.Append("Accept-Encoding: identity\r\nPrefer: errors=text-only\r\nConnection: close\r\n");
        if (form is null) return Encoding.ASCII.GetBytes(head.Append("\r\n").ToString());
        head.Append(null, $"Content-Type: {form.ContentType}\r\nContent-Length: {form.Body.Length}\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head.ToString()), .. form.Body];
    }

    private static async Task<HttpAnswer> ReadAnswer(NetworkStream stream, CancellationToken end)
    {
        var received = new MemoryStream();
        var buffer = new byte[ReadSize];
        while (received.Length <= HttpAnswer.MaxLength)
        {
            var got = await stream.ReadAsync(buffer, end);
            received.Write(buffer, 0, got);
            if (HttpAnswer.Read(received.GetBuffer().AsSpan(0, (int)received.Length)) is { } answer) return answer;
            if (got == 0 && received.Length == 0) throw new IOException("the connection was closed without an answer", new SocketException((int)SocketError.ConnectionReset));
            if (got == 0) throw new FormatException($"the connection ended after {received.Length} bytes, before the answer was whole");
        }

        throw new FormatException($"the answer has more than {HttpAnswer.MaxLength} bytes");
    }
}
