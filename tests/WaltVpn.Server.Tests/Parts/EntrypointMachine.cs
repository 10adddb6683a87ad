using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Shouldly;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>
/// A real web server on port 80 of a machine of its own, between boards and the platform's server.
/// <code>tests ── 203.0.113.1 │ 203.0.113.2:80 nginx, apache, haproxy or caddy ── 203.0.113.1:80 waltvpnd, public face</code>
/// </summary>
internal sealed class EntrypointMachine : IAsyncDisposable
{
    public const string Address = "203.0.113.2";
    public const string Server = "203.0.113.1";
    private const string Namespace = "entrypoint";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private readonly string _folder;
    private Process? _process;

    private EntrypointMachine(string folder) => _folder = folder;

    public HttpClient Http { get; } = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri($"http://{Address}"), Timeout = Deadline };

    /// <summary>Makes the machine and starts the web server on it.</summary>
    /// <param name="kind"><c>nginx</c>, <c>apache</c>, <c>haproxy</c> or <c>caddy</c>.</param>
    /// <param name="site">The site file, as an administrator would put it in place.</param>
    /// <param name="folder">Made.</param>
    public static async Task<EntrypointMachine> Start(string kind, string site, string folder)
    {
        Directory.CreateDirectory(folder);
        // nginx and apache work as users of their own.
        File.SetUnixFileMode(folder, (UnixFileMode)Convert.ToInt32("777", 8));
        var machine = new EntrypointMachine(folder);
        try
        {
            await Shell.Run("ip", ["netns", "add", Namespace]);
            await Shell.Run("ip", ["link", "add", "to-entrypoint", "type", "veth", "peer", "name", "eth0", "netns", Namespace]);
            await Shell.Run("ip", ["address", "add", $"{Server}/30", "dev", "to-entrypoint"]);
            await Shell.Run("ip", ["link", "set", "to-entrypoint", "up"]);
            await Inside("ip", "address", "add", $"{Address}/30", "dev", "eth0");
            await Inside("ip", "link", "set", "eth0", "up");
            await Inside("ip", "link", "set", "lo", "up");
            await machine.StartServer(Command(kind, site, folder));
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Plugs the machine into the platform's own network too, as 10.9.0.66.</summary>
    public static async Task PlugIntoPlatform()
    {
        await Shell.Run("ip", ["link", "add", "port-66", "type", "veth", "peer", "name", "eth1", "netns", Namespace]);
        await Shell.Run("ip", ["link", "set", "port-66", "master", "walt-net", "up"]);
        await Inside("ip", "address", "add", "10.9.0.66/24", "dev", "eth1");
        await Inside("ip", "link", "set", "eth1", "up");
    }

    /// <summary>Sends a request line as it is and returns the whole answer, status line first; empty when the connection just ends.</summary>
    public static async Task<string> Raw(string requestLine, string headers = "")
    {
        using var client = new TcpClient();
        using var deadline = new CancellationTokenSource(Deadline);
        await client.ConnectAsync(IPAddress.Parse(Address), 80, deadline.Token);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes($"{requestLine}\r\nHost: {Address}\r\n{headers}Connection: close\r\n\r\n"), deadline.Token);
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        return await reader.ReadToEndAsync(deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (_process is { } process)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            process.Dispose();
        }

        await Shell.Try("ip", ["link", "delete", "to-entrypoint"]);
        await Shell.Try("ip", ["netns", "delete", Namespace]);
    }

    /// <summary>The program with the least of a main configuration around the site.</summary>
    private static string[] Command(string kind, string site, string folder)
    {
        var servers = RepositoryFolder.File("artifacts/tests/web-servers");
        string Write(string name, string text)
        {
            File.WriteAllText(Path.Combine(folder, name), text);
            return Path.Combine(folder, name);
        }

        switch (kind)
        {
            case "nginx":
                var paths = string.Concat(((string[])["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]).Select(use => $"{use}_temp_path {folder}/{use}; "));
                var nginx = Write(
                    "nginx.conf",
                    $"daemon off; user root; pid {folder}/pid; events {{ }} http {{ access_log off; {paths} include {Write("site", site)}; }}");
                return [$"{servers}/usr/sbin/nginx", "-p", folder, "-e", "stderr", "-c", nginx];
            case "apache":
                var modules = string.Concat(((string[])["mpm_event", "authz_core", "alias", "proxy", "proxy_http"])
                    .Select(module => $"LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"));
                var apache = Write(
                    "apache2.conf",
                    $"""
                    {modules}ServerRoot {folder}
                    DefaultRuntimeDir {folder}
                    PidFile {folder}/pid
                    ErrorLog /dev/stderr
                    User nobody
                    Group nogroup
                    ServerName localhost
                    Listen 80
                    Include {Write("site.conf", site)}

                    """);
                return ["apache2", "-DFOREGROUND", "-f", apache];
            case "haproxy":
                return [$"{servers}/usr/sbin/haproxy", "-db", "-f", Write("haproxy.cfg", "global\n    maxconn 200\n" + site)];
            default:
                return [$"{servers}/usr/bin/caddy", "run", "--adapter", "caddyfile", "--config", Write("Caddyfile", "{\n\tadmin off\n}\n" + site)];
        }
    }

    private async Task StartServer(string[] command)
    {
        var start = new ProcessStartInfo("ip", ["netns", "exec", Namespace, .. command]) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["HOME"] = start.Environment["XDG_DATA_HOME"] = start.Environment["XDG_CONFIG_HOME"] = _folder;
        _process = Process.Start(start)!;
        var said = new StringBuilder();
        _process.OutputDataReceived += (_, line) => said.AppendLine(line.Data);
        _process.ErrorDataReceived += (_, line) => said.AppendLine(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await Wait.Until(async () =>
        {
            _process.HasExited.ShouldBeFalse($"{string.Join(' ', command)} ended: {said}");
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Parse(Address), 80);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
    }

    private static Task<string> Inside(params string[] command) => Shell.Run("ip", ["netns", "exec", Namespace, .. command]);
}
