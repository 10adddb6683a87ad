using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Http;

/// <summary>docs/security.md HTTP-1.</summary>
public sealed class FaceTests
{
    private static readonly string[] AdministrationRoutes =
        [Routes.Nodes, Routes.Nodes + "/x", Routes.Requests, Routes.Requests + "/1", Routes.RequestEvents, Routes.NodeSettings];

    [Fact]
    public async Task PublicFaceKnowsOneRouteAndOneMethod()
    {
        var port = HttpCaller.FreePort();
        await using var platform = await TestPlatform.Start(settings => settings with { Http = new IPEndPoint(IPAddress.Loopback, port) });
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        (await http.GetStringAsync(Routes.ServerName, TestContext.Current.CancellationToken)).ShouldBe("srv.example.org\n");
        string[] routes =
            [.. AdministrationRoutes, Routes.ServerName, "/", "/walt-vpn", "/walt-vpn/server/", "/walt-vpn//server", "/%2e%2e/etc/passwd"];
        foreach (var method in (string[])["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
        {
            foreach (var route in routes)
            {
                if (method == "GET" && route is Routes.ServerName or "/walt-vpn/server/") continue;
                using var request = new HttpRequestMessage(new HttpMethod(method), route);
                using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
                answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, $"{method} {route}");
                (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
            }
        }
    }

    [Fact]
    public async Task AdministrationDoesNotAnswerThePublicRoute()
    {
        await using var platform = await TestPlatform.Start();
        (await platform.Api(HttpMethod.Get, Routes.ServerName)).Status.ShouldBe(HttpStatusCode.NotFound);
        (await platform.Api(HttpMethod.Get, Routes.NodeSettings)).Body.ShouldContain("BEGIN OPENSSH PRIVATE KEY");
    }

    [Fact]
    public async Task AddressThatThisMachineDoesNotHaveIsNamed()
    {
        // TEST-NET-1: nobody has it.
        var failure = await Should.ThrowAsync<SettingsException>(() => TestPlatform.Start(settings => settings with
        {
            Lan = new LanSettings(new IPEndPoint(IPAddress.Parse("192.0.2.77"), 8081), null),
        }));
        failure.Message.ShouldStartWith("cannot listen on 192.0.2.77:8081 (lan in server.yaml): ");
    }
}
