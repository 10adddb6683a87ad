using System.Text;
using Shouldly;
using WaltVpn.Agent.WaltHttp;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.WaltHttp;

/// <summary>RFC 9112, as far as one request on one connection needs it.</summary>
public sealed class HttpAnswerTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello")]
    [InlineData("HTTP/1.0 200 OK\r\ncontent-length:0\r\n\r\n", 200, "")]
    [InlineData("HTTP/1.1 404\r\nContent-Length: 2 \r\n\r\nno", 404, "no")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", 204, "")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", 200, "hello world")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\nTrailer: 1\r\n\r\n", 200, "")]
    public void WholeAnswersAreReadAndNoPartOfThem(string text, int status, string body)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        for (var length = 0; length < bytes.Length; length++) HttpAnswer.Read(bytes.AsSpan(0, length)).ShouldBeNull($"after {length} bytes");
        var answer = HttpAnswer.Read(bytes).ShouldNotBeNull();
        (answer.Status, Encoding.ASCII.GetString(answer.Body)).ShouldBe((status, body));
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\nhow long is this")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx")]
    [InlineData("HTTP/1.1 200 OK\r\nfolded\r\n line: 1\r\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxyz0\r\n\r\n")]
    public void AnythingElseIsRefused(string text) => Should.Throw<FormatException>(() => HttpAnswer.Read(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void HeadersHaveALimit()
    {
        var head = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nX: " + new string('x', 9000));
        Should.Throw<FormatException>(() => HttpAnswer.Read(head)).Message.ShouldContain("8192");
    }

    [Fact]
    public void NoDamageIsAnotherFailure()
    {
        var random = new Random(9112);
        var whole = Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        var outcomes = new int[3];
        for (var round = 0; round < 50_000; round++)
        {
            var bytes = (byte[])whole.Clone();
            for (var i = 0; i <= random.Next(3); i++) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                outcomes[HttpAnswer.Read(bytes) is null ? 0 : 1]++;
            }
            catch (FormatException)
            {
                outcomes[2]++;
            }
        }

        outcomes.ShouldAllBe(count => count > 0);
    }
}
