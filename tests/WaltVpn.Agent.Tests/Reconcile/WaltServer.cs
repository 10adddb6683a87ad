using System.Net;
using System.Net.Sockets;
using System.Text;
using Shouldly;

namespace WaltVpn.Agent.Tests.Reconcile;

/// <summary>WalT's HTTP protocol as its documentation has it, on the framework's HTTP server, with a certificate authority of ssh-keygen. A test
/// sets what it answers; null: the server does not know the path.</summary>
internal sealed class WaltServer : IDisposable
{
    private readonly HttpListener _listener;
    private readonly WorkFolder _folder = new();
    private readonly Task _serving;
    private int _serial;

    public WaltServer()
    {
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-N", "", "-t", "ecdsa", "-b", "521", "-f", "ca");
        (_listener, Address) = Listen();
        Answers["ssh-entrypoint"] = "ssh.example.org";
        Answers["http-entrypoint"] = "boot.example.org";
        Answers["boot-mode"] = "permissive";
        Answers["http-path"] = "walt-vpn/per-ip/10-0-0-7";
        Answers["public.pem"] = SshMaterial.Shared.BootKeys[0];
        Answers["vpn-mac"] = "";
        Answers["ssh-pubkey-cert"] = "";
        SetHostKeys("ssh.example.org", 0, 1);
        _serving = Task.Run(Serve);
    }

    public string Address { get; }

    public Dictionary<string, string?> Answers { get; } = [];

    /// <summary>DER of the CA; null: a server that does not know of any.</summary>
    public byte[]? CaCertificate { get; set; }

    /// <summary>Why nobody is enrolled; null: everybody is.</summary>
    public string? Refusal { get; set; }

    /// <summary>The keys that were posted, and everything that was asked.</summary>
    public List<string> Posted { get; } = [];

    public List<string> Requests { get; } = [];

    /// <summary>As ssh-keyscan -H prints them: other random bytes each time.</summary>
    public void SetHostKeys(string entrypoint, int entrypointKey, int serverKey)
    {
        var keys = SshMaterial.Shared.HostKeys;
        _folder.Write("known_hosts", Encoding.ASCII.GetBytes($"{entrypoint} {keys[entrypointKey]}\nserver.walt {keys[serverKey]}\n"));
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-H", "-f", "known_hosts");
        Answers["ssh-entrypoint-host-keys"] = _folder.Read("known_hosts");
    }

    /// <summary>A new certificate for the key that was posted last.</summary>
    public void Certify()
    {
        _folder.Write("node.pub", Encoding.ASCII.GetBytes(Posted[^1] + "\n"));
        SshMaterial.Run(_folder, "ssh-keygen", "-q", "-s", "ca", "-I", "vpn_525400123456", "-n", "walt-vpn", "-z", $"{++_serial}", "node.pub");
        Answers["ssh-pubkey-cert"] = _folder.Read("node-cert.pub");
        Answers["vpn-mac"] = "52:54:00:12:34:56";
    }

    public void Dispose()
    {
        _listener.Close();
        _serving.GetAwaiter().GetResult();
        _folder.Dispose();
    }

    private static (HttpListener Listener, string Address) Listen()
    {
        while (true)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var address = $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
            probe.Stop();
            var listener = new HttpListener();
            listener.Prefixes.Add(address + "/");
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException)
            {
                // Somebody else took the port in between.
            }
        }
    }

    private async Task Serve()
    {
        while (true)
        {
            try
            {
                Serve(await _listener.GetContextAsync());
            }
            catch (Exception end) when (end is ObjectDisposedException or HttpListenerException)
            {
                // The client has its answer and closed before the server did, or the test is over.
                if (!_listener.IsListening) return;
            }
        }
    }

    private void Serve(HttpListenerContext context)
    {
        var path = context.Request.Url!.AbsolutePath;
        Requests.Add($"{context.Request.HttpMethod} {path}");
        context.Request.Headers["Prefer"].ShouldBe("errors=text-only");
        var (status, body) = context.Request.HttpMethod == "POST" ? Enroll(context.Request) : Answer(path);
        context.Response.StatusCode = status;
        context.Response.Close(body, willBlock: true);
    }

    private (int Status, byte[] Body) Answer(string path)
    {
        const string Settings = "/walt-vpn/node-conf/";
        if (path == Settings + "cacert.der" && CaCertificate is not null) return (200, CaCertificate);
        return path.StartsWith(Settings, StringComparison.Ordinal) && Answers.GetValueOrDefault(path[Settings.Length..]) is { } text
            ? (200, Encoding.ASCII.GetBytes(text))
            : (404, "unknown path"u8.ToArray());
    }

    private (int Status, byte[] Body) Enroll(HttpListenerRequest request)
    {
        if (Refusal is not null) return (403, Encoding.ASCII.GetBytes(Refusal));
        using var reader = new StreamReader(request.InputStream, Encoding.ASCII);
        var body = reader.ReadToEnd();
        var boundary = "--" + request.ContentType!.Split("boundary=")[1];
        var parts = body.Split(boundary);
        if (request.Url!.AbsolutePath != "/walt-vpn/enroll" || parts is not ["", var part, "--\r\n"]
            || !part.StartsWith("\r\nContent-Disposition: form-data; name=\"ssh-pubkey\"\r\n\r\n", StringComparison.Ordinal))
        {
            return (400, "no ssh-pubkey"u8.ToArray());
        }

        Posted.Add(part.Split("\r\n\r\n")[1].Trim());
        Certify();
        return (200, "OK"u8.ToArray());
    }
}
