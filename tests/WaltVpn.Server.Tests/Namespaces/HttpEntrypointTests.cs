using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>
/// Real web servers between boards and the server, each with the site that <c>waltvpn setup-http</c> prints, unedited, or with the one of WalT's documents:
/// docs/security.md HTTP-1, HTTP-2, LEG-1, LEG-2, LEG-4.
/// </summary>
/// <remarks><see cref="EntrypointMachine"/> draws the network.</remarks>
[Collection(LanSite.Collection)]
public sealed partial class HttpEntrypointTests
{
    /// <summary>One over SSH, one of WalT.</summary>
    private const int BoardsThatBoot = 2;

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"];

    public static TheoryData<string> Servers => ["nginx", "apache", "haproxy", "caddy"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task SiteOfSetupHttpPassesBootFilesOnAndNothingElse(string kind)
    {
        await using var site = await LanSite.Open();
        await using var entrypoint = await EntrypointMachine.Start(kind, await Site(site, kind), Path.Combine(site.Platform.Folder, "web"));
        await BootsThrough(entrypoint, site);
        var file = (await NodeFile(site)).Replace("boot.img", "", StringComparison.Ordinal);
        string[] closed =
        [
            "/", "/walt-vpn", "/walt-vpn/", "/walt-vpn/server/", "/walt-vpn/server/x", Routes.LegacyEnroll, Routes.LegacyNodeConf, $"{Routes.LegacyNodeConf}/vpn-mac",
            $"{Routes.LegacyNodeConf}/ssh-entrypoint", Routes.Nodes, Routes.Requests, Routes.NodeSettings, Routes.Platform, Routes.BootFiles, file, $"{file}boot.txt",
            $"{file}boot.img/", $"{Routes.Boot}/", $"{Routes.LegacyPerIp}/10-9-0-21/", $"{Routes.LegacyPerIp}/x/boot.img",
        ];
        foreach (var method in Methods)
        {
            foreach (var route in closed)
            {
                using var request = new HttpRequestMessage(new HttpMethod(method), route);
                using var answer = await entrypoint.Http.SendAsync(request, Cancellation);
                ((int)answer.StatusCode).ShouldBeInRange(400, 499, $"{method} {route}");
            }

            if (method is "GET" or "HEAD") continue;
            using var change = new HttpRequestMessage(new HttpMethod(method), file + "boot.img");
            using var refused = await entrypoint.Http.SendAsync(change, Cancellation);
            ((int)refused.StatusCode).ShouldBeInRange(400, 499, $"{method} of a boot file");
        }

        (await site.Platform.Requests()).Count.ShouldBe(BoardsThatBoot);
        var (status, output) = await site.Platform.Waltvpn("entrypoint", "test", "http", EntrypointMachine.Address);
        status.ShouldBe(0, output);
        output.ShouldContain("leads to srv.example.org");
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task NoPathLeadsOutOfTheTableThroughAnEntrypoint(string kind)
    {
        await using var site = await LanSite.Open();
        await using var entrypoint = await EntrypointMachine.Start(kind, await Site(site, kind), Path.Combine(site.Platform.Folder, "web"));
        await Climb(site, EntrypointMachine.Address);
    }

    [Theory]
    [InlineData("nginx", "server { listen 80; listen [::]:80; server_name 203.0.113.2; location /walt-vpn/ { proxy_pass http://203.0.113.1; } }")]
    [InlineData("apache", "<VirtualHost *:80>\nServerName 203.0.113.2\nProxyPass /walt-vpn/ http://203.0.113.1/walt-vpn/\n</VirtualHost>")]
    [InlineData(
        "haproxy",
        """
        frontend http
            mode http
            bind *:80
            acl host hdr(host) -i 203.0.113.2
            acl path path_beg /walt-vpn/
            use_backend walt if host path
        backend walt
            mode http
            server walt 203.0.113.1:80

        """)]
    public async Task SiteOfWaltsDocumentsServesBootFilesAndReachesNothingOfThePlatform(string kind, string text)
    {
        await using var site = await LanSite.Open();
        await using var entrypoint = await EntrypointMachine.Start(kind, text, Path.Combine(site.Platform.Folder, "web"));
        await BootsThrough(entrypoint, site);
        foreach (var method in Methods)
        {
            foreach (var route in (string[])[Routes.LegacyEnroll, $"{Routes.LegacyNodeConf}/vpn-mac", "/walt-vpn/api/v1/nodes"])
            {
                using var answer = await entrypoint.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), route), Cancellation);
                ((int)answer.StatusCode).ShouldBeInRange(400, 499, $"{method} {route}");
            }
        }

        (await site.Platform.Requests()).Count.ShouldBe(BoardsThatBoot);
        await Climb(site, EntrypointMachine.Address);
    }

    /// <summary>A machine of the platform's network that relays for others says so in a header, and is nobody then.</summary>
    [Theory]
    [InlineData("nginx", "server { listen 80; location / { proxy_pass http://10.9.0.1; proxy_set_header X-Forwarded-For $remote_addr; } }")]
    [InlineData("apache", "<VirtualHost *:80>\nProxyPass / http://10.9.0.1/\n</VirtualHost>")]
    [InlineData("haproxy", "frontend http\n mode http\n bind *:80\n option forwardfor\n default_backend walt\nbackend walt\n mode http\n server walt 10.9.0.1:80\n")]
    [InlineData("caddy", ":80 {\n\treverse_proxy 10.9.0.1:80\n}\n")]
    public async Task RelayToTheLanFaceGetsNothing(string kind, string text)
    {
        await using var site = await LanSite.Open();
        await using var entrypoint = await EntrypointMachine.Start(kind, text, Path.Combine(site.Platform.Folder, "web"));
        await EntrypointMachine.PlugIntoPlatform();
        foreach (var route in (string[])[$"{Routes.LegacyNodeConf}/vpn-mac", $"{Routes.LegacyNodeConf}/boot-mode", $"{Routes.LegacyNodeConf}/ssh-pubkey-cert"])
            (await EntrypointMachine.Raw($"GET {route} HTTP/1.1")).ShouldStartWith("HTTP/1.1 403 ", Case.Sensitive, route);
        using var form = new MultipartFormDataContent { { new StringContent((await TestNode.Make(site.Platform, 7)).PublicKey), "ssh-pubkey", "id.pub" } };
        using var enrolled = await entrypoint.Http.PostAsync(Routes.LegacyEnroll, form, Cancellation);
        enrolled.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await site.Platform.Requests()).ShouldBeEmpty();
    }

    [Fact]
    public async Task WrongEntrypointIsToldApart()
    {
        await using var site = await LanSite.Open();
        foreach (var (text, finding) in ((string, string)[])
        [
            ("server { listen 80; location / { return 404; } }", "the site is not active there"),
            ("server { listen 80; location / { return 200 'other.example.org'; } }", "leads to another server: other.example.org"),
            ("server { listen 80; location / { return 200 '<html>Welcome'; } }", "another site is in the way"),
            ("server { listen 80; location / { return 301 https://$host$request_uri; } }", "their firmware does not follow"),
            ("server { listen 80; location / { proxy_pass http://203.0.113.1:9; } }", "does not reach the platform's server (502)"),
            ("server { listen 80; location / { return 418; } }", "HTTP status 418"),
        ])
        {
            await using var entrypoint = await EntrypointMachine.Start("nginx", text, Path.Combine(site.Platform.Folder, Path.GetRandomFileName()));
            await FindsOut(site, EntrypointMachine.Address, finding);
        }

        await FindsOut(site, "127.0.0.1:9", "nothing listens there");
        await FindsOut(site, "no-such-host.invalid", "the name is not known here");
    }

    private static async Task FindsOut(LanSite site, string host, string finding)
    {
        var (status, output) = await site.Platform.Waltvpn("entrypoint", "test", "http", host, "-o", "json");
        status.ShouldBe(1, output);
        output.ShouldContain("\"works\": false");
        Regex.Unescape(output).ShouldContain(finding);
    }

    /// <summary>A far board's whole boot: whole file, piece of it, its size, its signature; and the same for a board of WalT by its old address.</summary>
    private static async Task BootsThrough(EntrypointMachine entrypoint, LanSite site)
    {
        var image = RandomNumberGenerator.GetBytes(3_000_000);
        (await site.BootKey.Publish(site.Platform, image)).Status.ShouldBe(HttpStatusCode.OK);
        (await site.BootKey.Publish(site.Platform, image, "rpi-5-b")).Status.ShouldBe(HttpStatusCode.OK);
        (await entrypoint.Http.GetStringAsync(Routes.ServerName, Cancellation)).ShouldBe("srv.example.org\n");
        var board = await site.Board(1);
        (await board.Enroll(await board.MakeKey())).Status.ShouldBe(200);
        foreach (var file in (string[])[await NodeFile(site), $"{Routes.LegacyPerIp}/{board.Address.Replace('.', '-')}/boot.img"])
        {
            (await entrypoint.Http.GetByteArrayAsync(file, Cancellation)).ShouldBe(image);
            using var piece = new HttpRequestMessage(HttpMethod.Get, file) { Headers = { Range = new RangeHeaderValue(2_000_000, 2_000_099) } };
            using var answer = await entrypoint.Http.SendAsync(piece, Cancellation);
            answer.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
            (await answer.Content.ReadAsByteArrayAsync(Cancellation)).ShouldBe(image[2_000_000..2_000_100]);
            using var head = await entrypoint.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, file), Cancellation);
            head.Content.Headers.ContentLength.ShouldBe(image.Length);
            (await entrypoint.Http.GetStringAsync(file.Replace(".img", ".sig", StringComparison.Ordinal), Cancellation))
                .ShouldStartWith(Convert.ToHexStringLower(SHA256.HashData(image)));
        }
    }

    /// <summary>Path of the boot image of a node that enrolled over SSH; one that is there already is taken.</summary>
    private static async Task<string> NodeFile(LanSite site)
    {
        if ((await site.Platform.Nodes()).FirstOrDefault(node => !node.Legacy) is { } known) return $"{Routes.Boot}/{known.Id}/boot.img";
        var node = await TestNode.Make(site.Platform, 1);
        node.Model = "WaltVpn virtual board";
        return $"{Routes.Boot}/{(await node.Enroll(site.Platform, TestPlatform.Lan)).Identity.ShouldNotBeNull().NodeId}/boot.img";
    }

    private static async Task Climb(LanSite site, string host)
    {
        const string Canary = "canary-in-the-state-folder";
        await File.WriteAllTextAsync(Path.Combine(site.Platform.Settings.StateDirectory, "canary"), Canary, Cancellation);
        var node = (await NodeFile(site)).Replace("/boot.img", "", StringComparison.Ordinal);
        foreach (var path in Traversal.Forms($"http://{host}", node, $"{node}/boot.img"))
        {
            var answer = await EntrypointMachine.Raw($"GET {path} HTTP/1.1");
            // A web server may also end the connection without a word; 503 is HAProxy's for what none of its rules names.
            (answer.Length == 0 || Refused().IsMatch(answer)).ShouldBeTrue($"{path}: {answer}");
            answer.ShouldNotContain(Canary);
        }
    }

    private static async Task<string> Site(LanSite site, string kind)
    {
        var (status, output) = await site.Platform.Waltvpn("setup-http", "--for", kind, "--name", EntrypointMachine.Address, "--server", EntrypointMachine.Server);
        status.ShouldBe(0, output);
        return output;
    }

    [GeneratedRegex(@"^HTTP/1\.[01] (4\d\d|503) ")]
    private static partial Regex Refused();
}
