using System.Diagnostics;
using System.Text;
using Shouldly;
using WaltVpn.Linux;
using WaltVpn.Protocol;
using WaltVpn.Tunnel.Tests.Namespaces;
using Xunit;

namespace WaltVpn.Tunnel.Tests.Unit;

/// <summary>The programs that sshd starts, against a daemon that answers well, badly, or not at all: docs/protocol.md "Login" and "Enrolment relay".</summary>
public sealed class LoginConversationTests : IDisposable
{
    private const string Good =
        "{\"allowed\":true,\"principal\":\"waltvpn:ffeeddccbbaa99887766554433221100\",\"ticket\":\"00112233445566778899aabbccddeeff\"}\n";
    private readonly TemporaryFolder _folder = new();
    private readonly FileDescriptor _listener;

    public LoginConversationTests() => _listener = UnixSocket.Listen(SocketPath);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string SocketPath => _folder.File("login.sock");

    public void Dispose()
    {
        _listener.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task AdmittedCertificateGetsOneLine()
    {
        var (exit, output, question) = await Login(Good, "authorize-certificate", "node/1", "18446744073709551615", "AAAA");
        exit.ShouldBe(0);
        var command = $"{HubProcess.Program} connect 00112233445566778899aabbccddeeff --login-socket {SocketPath}";
        output.ShouldBe($"restrict,command=\"{command}\" waltvpn:ffeeddccbbaa99887766554433221100\n");
        question.ShouldBe("{\"kind\":\"certificate\",\"keyId\":\"node/1\",\"serial\":18446744073709551615,\"certificate\":\"AAAA\"}\n");
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("null\n")]
    [InlineData("{}\n")]
    [InlineData("{\"allowed\":false}\n")]
    [InlineData("{\"allowed\":true}\n")]
    [InlineData("{\"allowed\":true,\"principal\":\"root\",\"ticket\":\"00112233445566778899aabbccddeeff\"}\n")]
    [InlineData("{\"allowed\":true,\"principal\":\"waltvpn:ffeeddccbbaa99887766554433221100\",\"ticket\":\"x\\\" root\\n\"}\n")]
    public async Task AnyOtherAnswerGetsNothing(string answer)
    {
        var (exit, output, _) = await Login(answer, "authorize-certificate", "node/1", "7", "AAAA");
        exit.ShouldBe(1);
        output.ShouldBeEmpty();
    }

    [Fact]
    public async Task DaemonThatIsNotThereGetsNothing()
    {
        _listener.Dispose();
        using var process = Start([], "authorize-certificate", "node/1", "7", "AAAA");
        (await process.StandardOutput.ReadToEndAsync(Cancellation)).ShouldBeEmpty();
        await process.WaitForExitAsync(Cancellation);
        process.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task WaltCommandPrintsTheDaemonsWordsAndItsVerdict()
    {
        var (exit, output, question) = await Login("{\"allowed\":false,\"output\":\"FAILED\"}\n", "connect", "00112233445566778899aabbccddeeff");
        exit.ShouldBe(1);
        output.ShouldBe("FAILED\n");
        question.ShouldBe("{\"kind\":\"command\",\"command\":\"check-in-walt-net\",\"clientAddress\":\"192.0.2.7\"}\n");
    }

    [Fact]
    public async Task SettingsAreAskedForWithTheSessionsTicket()
    {
        const string Ticket = "00112233445566778899aabbccddeeff";
        var (exit, output, question) = await Login("{\"allowed\":true,\"output\":\"{}\"}\n", TunnelCommand.Settings, ["connect", Ticket]);
        (exit, output).ShouldBe((0, "{}\n"));
        question.ShouldBe($$"""{"kind":"command","command":"waltvpn-settings 1","clientAddress":"192.0.2.7","ticket":"{{Ticket}}"}""" + "\n");
    }

    private Task<(int Exit, string Output, string Question)> Login(string answer, params string[] arguments) =>
        Login(answer, TunnelCommand.CheckInWaltNet, arguments);

    // Starts the program, plays the daemon once, and tells what was asked and printed.
    private async Task<(int Exit, string Output, string Question)> Login(string answer, string command, string[] arguments)
    {
        using var process = Start(new() { ["SSH_CONNECTION"] = "192.0.2.7 50000 192.0.2.1 22", ["SSH_ORIGINAL_COMMAND"] = command }, arguments);
        using var arrived = new Poll((_listener, PollEvents.POLLIN));
        arrived.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue();
        using var connection = UnixSocket.Accept(_listener).ShouldNotBeNull();
        using var asked = new Poll((connection, PollEvents.POLLIN));
        asked.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue();
        var question = new byte[1000];
        var length = connection.Read(question);
        connection.TryWrite(Encoding.UTF8.GetBytes(answer));
        connection.Dispose();
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, output, Encoding.UTF8.GetString(question, 0, length));
    }

    private Process Start(Dictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(HubProcess.Program, [.. arguments, "--login-socket", SocketPath])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
