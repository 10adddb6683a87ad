using System.Net;
using System.Net.Sockets;
using System.Text;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Http;

/// <summary>What strangers may ask of the public face: docs/security.md HTTP-5, HTTP-6, HTTP-7.</summary>
public sealed class HttpLimitsTests
{
    private const string Proxy = "127.0.9.1";
    private const string Stranger = "127.0.1.1";
    private const string Bystander = "127.0.2.1";

    // More than one machine gets in the time that this takes, and less than everybody together.
    private const int Flood = 100;
    private static readonly HttpLimits FewRequests = new() { RequestsPerSecond = 1, ConnectionsOfOneAddress = 100, BurstSeconds = 20 };

    [Fact]
    public async Task WhoAsksTooOftenIsToldWhenToComeBackAndTakesNothingFromOthers()
    {
        await using var site = await Start(settings => settings with { HttpLimits = FewRequests });
        var answers = await Times(Flood, new HttpCaller(site.Port, Stranger));
        answers[0].ShouldStartWith("HTTP/1.1 200 ");
        var refusal = answers.First(answer => answer.StartsWith("HTTP/1.1 429 ", StringComparison.Ordinal));
        var seconds = int.Parse(refusal.Split("Retry-After: ")[1].Split('\r')[0], System.Globalization.CultureInfo.InvariantCulture);
        seconds.ShouldBeInRange(1, 10);
        // A prefix has twice as much as each of its machines.
        (await new HttpCaller(site.Port, "127.0.1.2").Ask()).ShouldStartWith("HTTP/1.1 200 ");
        (await new HttpCaller(site.Port, Bystander).Ask()).ShouldStartWith("HTTP/1.1 200 ");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(50)]
    public async Task NobodyIsAnotherByAHeader(int headers)
    {
        await using var site = await Start(settings => settings with { HttpLimits = FewRequests, TrustedProxies = [IPNetwork.Parse($"{Proxy}/32")] });
        // Another one each time.
        string Forged(int time) => string.Concat(Enumerable.Range(0, headers).Select(number => $"X-Forwarded-For: 198.{time}.{number}.1\r\n"));
        (await Times(Flood, new HttpCaller(site.Port, Stranger), Forged)).ShouldContain(answer => answer.StartsWith("HTTP/1.1 429 ", StringComparison.Ordinal));
        // Through an entrypoint each is who the entrypoint saw, whatever it wrote in front of that itself.
        var through = new HttpCaller(site.Port, Proxy);
        (await Times(Flood, through, time => Forged(time) + $"X-Forwarded-For: {Bystander}\r\n"))
            .ShouldContain(answer => answer.StartsWith("HTTP/1.1 429 ", StringComparison.Ordinal));
        (await through.Ask(Forged(0) + "X-Forwarded-For: 203.0.113.5\r\n")).ShouldStartWith("HTTP/1.1 200 ");
        // Without entrypoints in server.yaml no such header counts.
        await using var direct = await Start(settings => settings with { HttpLimits = FewRequests });
        (await Times(Flood, new HttpCaller(direct.Port, Proxy), Forged)).ShouldContain(answer => answer.StartsWith("HTTP/1.1 429 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ConnectionsOfOneAddressAndOfAllAreBoundedAndLoginsGoOn()
    {
        await using var site = await Start(settings => settings with
        {
            HttpLimits = settings.HttpLimits with { Connections = 40, ConnectionsOfOneAddress = 10, ForHead = TimeSpan.FromMinutes(10) },
            TrustedProxies = [IPNetwork.Parse($"{Proxy}/32")],
        });
        var held = await Hold(site.Port, Stranger, 15, 10);
        (await new HttpCaller(site.Port, Bystander).Ask()).ShouldStartWith("HTTP/1.1 200 ");
        // Its neighbours have as much again together.
        held.AddRange(await Hold(site.Port, "127.0.1.2", 8, 8));
        held.AddRange(await Hold(site.Port, "127.0.1.3", 8, 2));
        // An entrypoint brings everybody's; only the total bounds it.
        held.AddRange(await Hold(site.Port, Proxy, 25, 20));
        (await new HttpCaller(site.Port, Bystander).Ask()).ShouldBeEmpty();
        using (await Conversation.Open(site.Platform.Settings.LoginSocket))
        {
        }

        foreach (var socket in held) socket.Dispose();
        await Wait.Until(async () => (await new HttpCaller(site.Port, Stranger).Ask()).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhoNeverFinishesARequestIsHungUpOn()
    {
        await using var site = await Start(settings => settings);
        string[] beginnings = ["", "GET ", "GET / HTTP/1.1\r\nHost: x\r\n", $"GET {Routes.ServerName} HTTP/1.1\r\nHost: x\r\n\r\n"];
        var sockets = new List<Socket>();
        foreach (var beginning in beginnings.SelectMany(text => Enumerable.Repeat(text, 50)))
        {
            var socket = await new HttpCaller(site.Port, Stranger).Connect();
            await socket.SendAsync(Encoding.Latin1.GetBytes(beginning));
            sockets.Add(socket);
        }

        (await new HttpCaller(site.Port, Bystander).Ask()).ShouldStartWith("HTTP/1.1 200 ");
        await Task.WhenAll(sockets.Select(HttpCaller.ReadToEnd));
        foreach (var socket in sockets) socket.Dispose();
    }

    [Fact]
    public async Task WhatIsTooLongIsRefusedUnread()
    {
        await using var site = await Start(settings => settings);
        var caller = new HttpCaller(site.Port, Stranger);
        (await caller.Send($"GET /{new string('a', 3000)} HTTP/1.1\r\nHost: x\r\n\r\n")).ShouldStartWith("HTTP/1.1 414 ");
        (await caller.Send($"GET / HTTP/1.1\r\nHost: x\r\nX: {new string('a', 9000)}\r\n\r\n")).ShouldStartWith("HTTP/1.1 431 ");
        (await caller.Ask(string.Concat(Enumerable.Range(0, 200).Select(number => $"X{number}: 1\r\n")))).ShouldStartWith("HTTP/1.1 431 ");
        using var socket = await caller.Connect();
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {Routes.ServerName} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
        // A gigabyte, chunk by chunk, as far as it gets.
        var chunk = Encoding.ASCII.GetBytes("10000\r\n" + new string('a', 0x10000) + "\r\n");
        var sent = 0L;
        await Should.ThrowAsync<SocketException>(async () =>
        {
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            for (; sent < 1L << 30; sent += chunk.Length) await socket.SendAsync(chunk, deadline.Token);
        });
        sent.ShouldBeLessThan(64L << 20, "what the buffers of two kernels take");
    }

    [Fact]
    public async Task NoRequestHidesInAnother()
    {
        await using var site = await Start(settings => settings);
        const string Ask = $"GET {Routes.ServerName} HTTP/1.1\r\nHost: x\r\n";
        static string Hidden(string framing, string before = "") => $"{Ask}{framing}\r\n{before}{Ask}Connection: close\r\n\r\n";
        string[] lengths = ["0", "4", "70", "1000", "+4", "-1", "0x4", "4, 4", "4,5", " 4", "4 4", "", "a", "18446744073709551616"];
        string[] encodings =
            ["chunked", "Chunked", "chunked, identity", "identity, chunked", "identity", "xchunked", "\"chunked\"", "chunked\t", "gzip, chunked", "cow", ""];
        string[] forms =
        [
            .. lengths.Where(length => length != "0").Select(length => Hidden($"Content-Length: {length}\r\n")),
            .. encodings.Select(encoding => Hidden($"Transfer-Encoding: {encoding}\r\n", "0\r\n\r\n")),
            .. encodings.Select(encoding => Hidden($"Content-Length: 5\r\nTransfer-Encoding: {encoding}\r\n", "0\r\n\r\n")),
            Hidden("Content-Length: 4\r\nContent-Length: 5\r\n"),
            Hidden("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
            Hidden("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
            Hidden("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
            Hidden("X: y\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            Hidden("Transfer-Encoding: chunked\r\n", "0;x\n\r\n"),
            Hidden("Transfer-Encoding: chunked\r\n", "1\r\naX\r\n0\r\n\r\n"),
            Hidden("Transfer-Encoding: chunked\r\n", "zz\r\n"),
            Hidden("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nConnection: Upgrade, HTTP2-Settings\r\nContent-Length: 3\r\n", "abc"),
            Hidden("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc"),
        ];
        forms.Length.ShouldBeGreaterThanOrEqualTo(40);
        var caller = new HttpCaller(site.Port, Stranger);
        foreach (var form in forms)
        {
            var answer = await caller.Send(form);
            answer.ShouldStartWith("HTTP/1.1 4", customMessage: form);
            answer.Split("HTTP/1.1 ").Length.ShouldBe(2, $"one answer, and the connection ends: {form}");
        }

        // Without a body there is nothing to hide in: two requests, two answers.
        (await caller.Send(Hidden("Content-Length: 0\r\n"))).Split("HTTP/1.1 200 ").Length.ShouldBe(3);
    }

    private static async Task<List<string>> Times(int count, HttpCaller caller, Func<int, string>? headers = null)
    {
        var answers = new List<string>();
        for (var i = 0; i < count; i++) answers.Add(await caller.Ask(headers?.Invoke(i) ?? ""));
        return answers;
    }

    /// <summary>Opens connections until so many of them are held; the others are closed by the server.</summary>
    private static async Task<List<Socket>> Hold(int port, string address, int open, int held)
    {
        var sockets = new List<Socket>();
        for (var i = 0; i < open; i++)
        {
            sockets.Add(await new HttpCaller(port, address).Connect());
            await sockets[^1].SendAsync("GET "u8.ToArray());
        }

        await Wait.Until(() => Task.FromResult(sockets.Count(socket => !IsClosed(socket)) == held));
        return sockets;
    }

    // An answer would be the end of it, too.
    private static bool IsClosed(Socket socket) => socket.Poll(0, SelectMode.SelectRead);

    private static async Task<PublicSite> Start(Func<ServerSettings, ServerSettings> change)
    {
        var port = HttpCaller.FreePort();
        return new PublicSite(await TestPlatform.Start(settings => change(settings with { Http = new IPEndPoint(IPAddress.Loopback, port) })), port);
    }

    private sealed record PublicSite(TestPlatform Platform, int Port) : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => Platform.DisposeAsync();
    }
}
