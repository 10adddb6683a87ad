using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>Who is answered on the LAN face, and what (docs/security.md LEG-1, LEG-2, LEG-4, HTTP-1, HTTP-2).</summary>
/// <remarks><see cref="LanNetwork"/> draws the network.</remarks>
[Collection(LanSite.Collection)]
public sealed class LanFaceTests
{
    private const string Ok = "OK";

    private static readonly string[] Values =
        ["ssh-pubkey-cert", "ssh-entrypoint-host-keys", "http-path", "vpn-mac", "ssh-entrypoint", "http-entrypoint", "boot-mode", "public.pem", "cacert.der"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WhoIsNoMachineOfThePlatformIsRefused()
    {
        await using var site = await LanSite.Open(change: settings => settings with { PlatformSubnet = IPNetwork.Parse("10.9.0.0/26") });
        var board = await site.Board(1);
        var key = await board.MakeKey();
        string[] form = ["-F", $"ssh-pubkey=@{key}.pub"];

        // The server itself: whoever speaks from there may be a relay of anybody.
        var own = await LanBoard.CurlOnServer(Routes.LegacyEnroll, [.. form, "-H", "Prefer: errors=text-only"]);
        own.ShouldBe(LanAnswer.Error(403, "the request does not come from a machine of the platform's network"));
        foreach (var value in Values) (await LanBoard.CurlOnServer($"{Routes.LegacyNodeConf}/{value}", [])).Status.ShouldBe(403);

        // What a relay adds.
        var relayed = LanAnswer.Error(403, "the request came through a relay; ask the server itself, from inside the platform's network");
        foreach (var header in (string[])
        [
            "Forwarded: for=10.9.0.30", "X-Forwarded-For: 10.9.0.30", "x-forwarded-proto: http", "X-FORWARDED-HOST: a", "X-Forwarded-Server: a",
            "X-Real-IP: 10.9.0.30", "Via: 1.1 proxy", "X-Client-IP: 10.9.0.30", "True-Client-IP: 10.9.0.30", "CF-Connecting-IP: 10.9.0.30", "X-Forwarded-For;",
            "Client-IP: 10.9.0.30",
        ])
        {
            (await board.Enroll(key, "-H", header)).ShouldBe(relayed, header);
            (await board.Curl($"{Routes.LegacyNodeConf}/vpn-mac", ["-H", header])).Status.ShouldBe(403, header);
        }

        // On the wire, but outside the platform's subnet, 10.9.0.0 to 10.9.0.63.
        var outside = await site.Board(100);
        (await outside.Enroll(key)).ShouldBe(LanAnswer.Error(403, "the request does not come from a machine of the platform's network"));

        // Inside the subnet by its address, but behind a router: the kernel knows no neighbour of that address on the bridge.
        await board.Inside("ip", "address", "add", "10.9.0.40/32", "dev", "lo");
        await Shell.Run("ip", ["route", "add", "10.9.0.40/32", "via", board.Address]);
        var routed = LanAnswer.Error(403, "the request does not come from a direct neighbour in the platform's network");
        (await board.Enroll(key, "--interface", "10.9.0.40")).ShouldBe(routed);
        (await site.Platform.Requests()).ShouldBeEmpty();
        (await board.Enroll(key)).Body.ShouldBe(Ok);
    }

    [Fact]
    public async Task LeaseMustBeOfTheCallersMacAddress()
    {
        var leases = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        await using var site = await LanSite.Open(change: settings => settings with { Lan = settings.Lan! with { LeaseFile = leases } });
        var board = await site.Board(1);
        var key = await board.MakeKey();
        (await board.Enroll(key)).Status.ShouldBe(503, "no lease file");
        await File.WriteAllTextAsync(leases, $"0 d8:3a:dd:00:00:02 {board.Address} * *\n0 {board.Mac} 10.9.0.210 * *\n", Cancellation);
        var foreign = LanAnswer.Error(403, "the platform's DHCP server did not lease this address to this machine; ask it for an address");
        (await board.Enroll(key)).ShouldBe(foreign);
        (await site.Platform.Requests()).ShouldBeEmpty();
        await File.WriteAllTextAsync(leases, $"1795278000 {board.Mac} {board.Address} rpi 01:{board.Mac}\n", Cancellation);
        (await board.Enroll(key)).Body.ShouldBe(Ok);
        File.Delete(leases);
    }

    [Fact]
    public async Task NoParameterNamesAnotherCaller()
    {
        await using var site = await LanSite.Open();
        var (board, other) = (await site.Board(1), await site.Board(2));
        (await board.Enroll(await board.MakeKey())).Body.ShouldBe(Ok);
        var mac = (await board.NodeConf("vpn-mac")).Body;
        string[] names =
        [
            "fake_requester_ip", "requester_ip", "node_ip", "ip", "address", "client", "client_ip", "remote_addr", "remote_ip", "source", "src", "peer", "host",
            "mac", "node", "node_mac", "id", "name", "as", "for",
        ];
        names.Length.ShouldBe(20);
        foreach (var name in names)
        {
            foreach (var value in (string[])[board.Address, board.Mac])
            {
                (await other.Curl($"{Routes.LegacyNodeConf}/vpn-mac?{name}={value}", [])).ShouldBe(LanAnswer.Value(""), name);
                string[] options = ["-H", $"{name.Replace('_', '-')}: {value}", "-b", $"{name}={value}"];
                (await other.Curl($"{Routes.LegacyNodeConf}/vpn-mac", options)).Body.ShouldNotContain(mac);
            }

            // From the server itself they do not help either.
            (await LanBoard.CurlOnServer($"{Routes.LegacyNodeConf}/vpn-mac?{name}={board.Address}", [])).Status.ShouldBe(403, name);
        }

        var key = await other.MakeKey();
        string[] form = ["-F", $"ssh-pubkey=@{key}.pub", "-F", $"fake_requester_ip={board.Address}"];
        (await other.Curl($"{Routes.LegacyEnroll}?fake_requester_ip={board.Address}", form)).Body.ShouldBe(Ok);
        (await site.Platform.Nodes()).Select(node => node.Mac.ToString()).Order().ShouldBe([board.Mac, other.Mac]);
    }

    [Fact]
    public async Task RouteOfAnotherFaceIsAnUnknownOne()
    {
        await using var site = await LanSite.Open();
        var board = await site.Board(1);
        await board.Inside("ip", "route", "add", "192.0.2.1/32", "via", LanNetwork.Server);
        await Shell.Run("ip", ["address", "add", "192.0.2.1/32", "dev", "lo"]);
        try
        {
            string[] inside = [Routes.LegacyEnroll, .. Values.Select(value => $"{Routes.LegacyNodeConf}/{value}")];
            string[] administration = [Routes.Nodes, Routes.Requests, Routes.RequestEvents, Routes.NodeSettings, Routes.BootFiles];
            var lan = await board.Curl("/nothing", []);
            foreach (var method in (string[])["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
            {
                string[] options = method == "HEAD" ? ["-I", "-o", "/dev/null"] : ["-X", method, "-d", ""];
                foreach (var route in (string[])[.. inside, .. administration, "/nothing"])
                {
                    // The public face, on any other address of the server, for a caller of the platform's network, too.
                    (await Public(board, route, options)).ShouldBe("404 0", $"public {method} {route}");
                    var known = inside.Contains(route) && method == (route == Routes.LegacyEnroll ? "POST" : "GET");
                    if (known) continue;
                    var answer = await board.Curl(route, options);
                    answer.Status.ShouldBe(404, $"lan {method} {route}");
                    if (method != "HEAD") answer.ShouldBe(lan, $"lan {method} {route}");
                }
            }

            foreach (var route in inside) (await site.Platform.Api(HttpMethod.Get, route)).Status.ShouldBe(HttpStatusCode.NotFound);
            (await site.Platform.Api(HttpMethod.Post, Routes.LegacyEnroll)).Status.ShouldBe(HttpStatusCode.NotFound);
            // One route is on both.
            (await board.Curl(Routes.ServerName, [])).Body.ShouldBe("srv.example.org\n");
            (await Public(board, Routes.ServerName, [])).ShouldBe("200 16");
        }
        finally
        {
            await Shell.Run("ip", ["address", "delete", "192.0.2.1/32", "dev", "lo"]);
        }
    }

    [Fact]
    public async Task BootFilesAreFoundByTheAddressOfTheEnrolmentFromEverywhere()
    {
        await using var site = await LanSite.Open();
        var board = await site.Board(1);
        (await board.Enroll(await board.MakeKey())).Body.ShouldBe(Ok);
        var path = "/" + (await board.NodeConf("http-path")).Body;
        var nothing = await board.Curl(path + "/boot.sig", []);
        nothing.Status.ShouldBe(404, "nothing is published yet");
        var image = RandomNumberGenerator.GetBytes(50_000);
        (await site.BootKey.Publish(site.Platform, image, "rpi-5-b")).Status.ShouldBe(HttpStatusCode.OK);
        using var http = new HttpClient { BaseAddress = new Uri("http://127.0.0.1") };
        (await http.GetStringAsync(path + "/boot.sig", Cancellation)).ShouldStartWith(Convert.ToHexStringLower(SHA256.HashData(image)));
        (await http.GetByteArrayAsync(path + "/boot.img", Cancellation)).ShouldBe(image);
        (await board.Curl(path + "/boot.sig", [])).Body.ShouldStartWith(Convert.ToHexStringLower(SHA256.HashData(image)));

        // Where the board is now makes no difference, nor who else has its address.
        await board.Inside("ip", "address", "delete", $"{board.Address}/24", "dev", "eth0");
        await board.Inside("ip", "address", "add", "10.9.0.99/24", "dev", "eth0");
        (await board.NodeConf("http-path")).Body.ShouldBe(path[1..]);
        (await http.GetAsync("/walt-vpn/per-ip/10-9-0-99/boot.sig", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        // A key of a table, and nothing else.
        await File.WriteAllTextAsync(Path.Combine(site.Platform.Settings.StateDirectory, "canary"), "canary", Cancellation);
        // From nobody's address nothing is reached; from the board's, up and down again, its boot files at most.
        var tried = Malformed("10-9-0-98").SelectMany(form => (string[])[$"{form}/boot.sig", $"{form}/boot.img"])
            .Concat(Malformed("10-9-0-21").Select(form => $"{form}/canary"))
            .ToList();
        tried.Count.ShouldBeGreaterThan(600);
        foreach (var form in tried) (await Raw($"GET {Routes.LegacyPerIp}/{form} HTTP/1.1")).ShouldMatch("^HTTP/1.1 40[04] ", form);

        // Revoked: the same as unknown.
        await site.Platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{(await site.Platform.Nodes()).Single().Id}/revoke");
        (await http.GetAsync(path + "/boot.sig", Cancellation)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await board.Curl(path + "/boot.sig", [])).ShouldBe(nothing);
    }

    /// <summary>Dashed addresses that are none, and ways up from one.</summary>
    private static IEnumerable<string> Malformed(string start)
    {
        foreach (var form in (string[])
        [
            "10.9.0.21", "10-9-0-021", "010-9-0-21", "10-9-0", "10-9-0-21-", "-10-9-0-21", "10-9-0-21%00", "10-9-0-21%20", "%2010-9-0-21", "0x0a-9-0-21",
            "10-9-21", "167903253", "10--9-0-21", "10-9-0-256", "10-9-0-21%0a", "10_9_0_21", "10-9-0-21%27", "%27%20OR%201=1", "10-9-0-%", "10-9-0-__", "*", "%25",
            "::1", "fe80--1", "%ef%bc%91%ef%bc%90-9-0-21", "null", new string('1', 500),
        ])
        {
            yield return form;
        }

        string[] ups = ["..", "%2e%2e", "%2E.", ".%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae", "..;", "....", "%uff0e%uff0e"];
        string[] separators = ["/", "%2f", "\\", "%5c", "//", "/./", "%252f"];
        foreach (var up in ups)
        {
            foreach (var separator in separators)
            {
                foreach (var depth in (int[])[1, 2, 4]) yield return start + string.Concat(Enumerable.Repeat(separator + up, depth));
            }
        }
    }

    /// <summary>Sends a request line as it is to the public face.</summary>
    /// <returns>The status line.</returns>
    private static async Task<string> Raw(string requestLine)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, 80, Cancellation);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes($"{requestLine}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"), Cancellation);
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        return await reader.ReadLineAsync(Cancellation) ?? "";
    }

    [Fact]
    public async Task ErrorsComeInTheFormThatIsPreferred()
    {
        await using var site = await LanSite.Open();
        var board = await site.Board(1);
        const string Reason = "the public key is missing: field ssh-pubkey";
        (await board.Curl(Routes.LegacyEnroll, ["-F", "a=b", "-H", "Prefer: errors=text-only"])).ShouldBe(LanAnswer.Error(400, Reason));
        (await board.Curl(Routes.LegacyEnroll, ["-F", "a=b", "-H", "Prefer: errors=json"])).ShouldBe(new LanAnswer(
            400, $$"""{"error":"{{Reason}}","status_code":400}""", "application/json; charset=utf-8"));
        var html = await board.Curl(Routes.LegacyEnroll, ["-F", "a=b"]);
        (html.Status, html.ContentType).ShouldBe((400, "text/html; charset=utf-8"));
        html.Body.ShouldContain($"<p>{Reason}</p>");
        (await board.Curl("/nothing", ["-H", "Prefer: errors=text-only"])).ShouldBe(LanAnswer.Error(404, "not found"));
        File.Delete(site.Platform.Settings.BootPublicKeyFile);
        var noKey = await board.Curl($"{Routes.LegacyNodeConf}/public.pem", ["-H", "Prefer: errors=text-only"]);
        noKey.ShouldBe(LanAnswer.Error(404, "the server has no boot key yet"));
    }

    private static async Task<string> Public(LanBoard board, string route, string[] options) => await board.Inside(
    [
        "curl", "-sS", "--noproxy", "*", "--max-time", "60", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", .. options, $"http://192.0.2.1{route}",
    ]);
}
