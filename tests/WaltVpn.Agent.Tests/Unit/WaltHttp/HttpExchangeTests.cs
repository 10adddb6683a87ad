using System.Net;
using System.Net.Sockets;
using System.Text;
using Shouldly;
using WaltVpn.Agent.OpenSsh;
using WaltVpn.Agent.WaltHttp;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.WaltHttp;

/// <summary>Against a server that answers byte by byte what a test says.</summary>
public sealed class HttpExchangeTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public HttpExchangeTests() => _listener.Start();

    public void Dispose() => _listener.Dispose();

    private Uri Server => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    [Fact]
    public async Task ARequestIsWhatWaltsServersRead()
    {
        var serving = Answer("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nOK\n");
        SshPublicKey.TryFromBlob(Convert.FromBase64String("AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), out var key).ShouldBeTrue();
        await new WaltHttpClient(Server, Deadline, TestContext.Current.CancellationToken).PostKey(key);
        var request = await serving;
        request.ShouldStartWith("POST /walt-vpn/enroll HTTP/1.1\r\n");
        request.ShouldContain($"\r\nHost: 127.0.0.1:{Server.Port}\r\n");
        request.ShouldContain("\r\nPrefer: errors=text-only\r\n");
        request.ShouldContain($"Content-Disposition: form-data; name=\"ssh-pubkey\"\r\n\r\n{key.Line}\r\n--");
        var body = request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        request.ShouldContain($"\r\nContent-Length: {body.Length}\r\n");
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Length: 24\r\n\r\nthis board \x1b[31mis unknown", "status 403: this board ?[31mis unkno")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n", "status 302: (no text)")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", "the connection ended after 40 bytes")]
    [InlineData("", "the connection was closed without an answer")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\x01\x02", "no ASCII text")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n", "status line")]
    public async Task WhatIsNoUsableAnswerIsSaid(string answer, string reason)
    {
        var serving = Answer(answer);
        var client = new WaltHttpClient(Server, Deadline, TestContext.Current.CancellationToken);
        (await Should.ThrowAsync<HttpException>(() => client.Get("boot-mode"))).Message.ShouldContain(reason);
        await serving;
    }

    [Fact]
    public async Task AnAnswerWithoutEndIsCutOff()
    {
        var chunks = string.Concat(Enumerable.Repeat("1;" + new string('x', 1000) + "\r\nx\r\n", 200));
        var serving = Answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
        var client = new WaltHttpClient(Server, Deadline, TestContext.Current.CancellationToken);
        (await Should.ThrowAsync<HttpException>(() => client.Get("x"))).Message.ShouldContain("more than");
        await serving;
    }

    [Fact]
    public async Task AServerThatSaysNothingIsNotWaitedForLongerThanTheDeadline()
    {
        // It accepts by itself: the kernel completes the connection.
        var client = new WaltHttpClient(Server, TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        (await Should.ThrowAsync<HttpException>(() => client.Get("boot-mode"))).Message.ShouldContain("no answer within");
    }

    [Fact]
    public async Task NobodyThereIsSaidWithTheAddress()
    {
        var server = Server;
        _listener.Stop();
        var client = new WaltHttpClient(server, Deadline, TestContext.Current.CancellationToken);
        (await Should.ThrowAsync<HttpException>(() => client.Get("boot-mode"))).Message.ShouldContain($"GET {server}walt-vpn/node-conf/boot-mode: ");
    }

    private async Task<string> Answer(string text)
    {
        using var client = await _listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        var stream = client.GetStream();
        var request = new StringBuilder();
        var buffer = new byte[4096];
        while (!IsWhole(request.ToString()))
        {
            var got = await stream.ReadAsync(buffer, TestContext.Current.CancellationToken);
            if (got == 0) break;
            request.Append(Encoding.ASCII.GetString(buffer, 0, got));
        }

        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);
        }
        catch (IOException)
        {
            // The client had enough and closed.
        }

        return request.ToString();
    }

    private static bool IsWhole(string request) => request.StartsWith("GET", StringComparison.Ordinal)
        ? request.EndsWith("\r\n\r\n", StringComparison.Ordinal)
        : request.EndsWith("--\r\n", StringComparison.Ordinal);
}
