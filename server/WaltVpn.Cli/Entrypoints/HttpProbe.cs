using System.Net;
using System.Net.Sockets;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Entrypoints;

/// <summary>Asks an HTTP entrypoint for the server's name, as WalT's set-up does, and tells the ways apart in which that fails.</summary>
internal static class HttpProbe
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <param name="host">Host or host:port; a host name, an IPv4 address.</param>
    /// <param name="serverName">What must come back.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<EntrypointTest> Try(string host, string serverName, CancellationToken cancel)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false }) { Timeout = Deadline, MaxResponseContentBufferSize = 4096 };
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://{host}{Routes.ServerName}"), cancel);
            return Judge(host, serverName, answer.StatusCode, await answer.Content.ReadAsStringAsync(cancel));
        }
        catch (HttpRequestException e)
        {
            return Fails(host, e.InnerException is SocketException socket ? Cause(host, socket.SocketErrorCode) : $"what answers there is no web server ({e.Message})");
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            return Fails(host, $"no answer within {Deadline.TotalSeconds} s: a firewall swallows packets to it, or it does not reach the platform's server");
        }
    }

    private static EntrypointTest Judge(string host, string serverName, HttpStatusCode status, string body)
    {
        var name = body.Trim();
        return status switch
        {
            HttpStatusCode.OK when name == serverName => new EntrypointTest("http", host, true, $"leads to {serverName}"),
            HttpStatusCode.OK when SshEntrypoint.IsHostName(name) => Fails(host, $"leads to another server: {name}, and not {serverName}"),
            HttpStatusCode.OK => Fails(host, "answers with something that is no server's name: another site is in the way"),
            HttpStatusCode.NotFound => Fails(
                host, $"answers, but not for {Routes.ServerName} (404): the site is not active there, or was made for another name. See: waltvpn setup-http --help"),
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => Fails(
                host, $"answers, but does not reach the platform's server ({(int)status}). Try on it: curl http://{serverName}{Routes.ServerName}"),
            >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest => Fails(
                host, $"sends boards elsewhere ({(int)status}); their firmware does not follow. Let it answer plain HTTP for /walt-vpn/"),
            HttpStatusCode.TooManyRequests => Fails(
                host, "passes on that the server has too many requests of one address (429). Name the entrypoint in server.yaml: http.trustedProxies"),
            _ => Fails(host, $"answers with HTTP status {(int)status}"),
        };
    }

    private static string Cause(string host, SocketError error) => error switch
    {
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => $"the name is not known here. Try: getent hosts {host.Split(':')[0]}",
        SocketError.ConnectionRefused => "nothing listens there; is its web server running, on this port?",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "there is no way to it from here",
        _ => $"the connection failed ({error})",
    };

    private static EntrypointTest Fails(string host, string finding) => new("http", host, false, finding);
}
