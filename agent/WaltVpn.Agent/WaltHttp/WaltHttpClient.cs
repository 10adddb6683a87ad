using System.Text;
using WaltVpn.Agent.OpenSsh;

namespace WaltVpn.Agent.WaltHttp;

/// <summary>WalT's HTTP protocol for the boards in the platform's own network, from the board's side.</summary>
/// <param name="server"><c>http://host[:port]</c>.</param>
/// <param name="deadline">For each request.</param>
/// <remarks>docs/protocol.md "WalT's HTTP protocol". The server knows a board by the address it asks from.</remarks>
internal sealed class WaltHttpClient(Uri server, TimeSpan deadline, CancellationToken stopping)
{
    /// <summary>The name a WalT platform gives its server.</summary>
    public static readonly Uri DefaultServer = new("http://server.walt");

    private const string Enroll = "/walt-vpn/enroll";
    private const string Settings = "/walt-vpn/node-conf/";
    private const int NotFound = 404;

    public Uri Server { get; } = server;

    /// <summary>Gives the server this board's public key.</summary>
    /// <exception cref="HttpException">It did not take it; the message has the server's reason.</exception>
    public async Task PostKey(SshPublicKey key)
    {
        var answer = await HttpExchange.Send(Server, Enroll, new MultipartForm("ssh-pubkey", key.Line), deadline, stopping);
        var text = Text(Enroll, Expect(Enroll, answer)).Trim();
        if (text != "OK") throw Wrong(Enroll, $"the server answered '{Printable(text)}' instead of OK");
    }

    /// <summary>A setting, without spaces and line ends around it; empty when the server has none for this board.</summary>
    /// <exception cref="HttpException">No answer, an error, or no ASCII text.</exception>
    public async Task<string> Get(string name)
    {
        var path = Settings + name;
        return Text(path, Expect(path, await HttpExchange.Send(Server, path, form: null, deadline, stopping))).Trim();
    }

    /// <summary>A setting that older servers do not know; null when this one does not, or has none.</summary>
    /// <exception cref="HttpException">No answer, or another error.</exception>
    public async Task<byte[]?> FindBytes(string name)
    {
        var path = Settings + name;
        var answer = await HttpExchange.Send(Server, path, form: null, deadline, stopping);
        if (answer.Status == NotFound) return null;
        return Expect(path, answer) is { Length: > 0 } body ? body : null;
    }

    private byte[] Expect(string path, HttpAnswer answer) => answer.Status == 200
        ? answer.Body
        : throw Wrong(path, $"the server refused with status {answer.Status}: {Printable(Encoding.Latin1.GetString(answer.Body).Trim())}");

    private string Text(string path, byte[] body)
    {
        if (body.AsSpan().ContainsAnyExceptInRange((byte)'\t', (byte)'~') || body.AsSpan().ContainsAnyInRange((byte)0x0e, (byte)0x1f))
        {
            throw Wrong(path, "the answer is no ASCII text");
        }

        return Encoding.ASCII.GetString(body);
    }

    private HttpException Wrong(string path, string reason) => new($"http://{Server.Authority}{path}: {reason}");

    /// <summary>Foreign text for the log: one line, printable, not too long.</summary>
    internal static string Printable(string text)
    {
        const int Longest = 200;
        var clean = new string([.. text.ReplaceLineEndings(" ").Take(Longest).Select(c => c is >= ' ' and <= '~' ? c : '?')]);
        return clean.Length == 0 ? "(no text)" : clean;
    }
}
