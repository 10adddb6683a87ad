using System.Diagnostics;
using System.Text.Json;
using Shouldly;
using WaltVpn.Protocol;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>The node's side of docs/protocol.md "Enrollment", through a real ssh. Owns the ssh.</summary>
internal sealed class EnrollmentConversation : IDisposable
{
    private readonly Process _ssh;

    private EnrollmentConversation(Process ssh) => _ssh = ssh;

    /// <summary>The server's first line.</summary>
    public EnrollmentChallenge Challenge { get; private set; } = null!;

    /// <summary>Connects and reads the challenge.</summary>
    /// <param name="way">Credential and place.</param>
    /// <param name="command">Asked of sshd; must make no difference.</param>
    public static async Task<EnrollmentConversation> Open(SshClient way, string? command = null)
    {
        var conversation = new EnrollmentConversation(Tool.Start("ip", way.Arguments([], command)));
        conversation.Challenge = JsonSerializer.Deserialize(await conversation.Line(), ProtocolJson.Default.EnrollmentChallenge)!;
        return conversation;
    }

    /// <summary>Sends a request.</summary>
    public Task Send(EnrollmentRequest request) => SendLine(JsonSerializer.Serialize(request, ProtocolJson.Default.EnrollmentRequest));

    /// <summary>Sends any text, and a line feed.</summary>
    public async Task SendLine(string text)
    {
        try
        {
            await _ssh.StandardInput.WriteAsync(text + "\n");
            await _ssh.StandardInput.FlushAsync();
        }
        catch (IOException)
        {
            // EPIPE: the server had enough before the end of the line; its answer is still to be read.
        }
    }

    /// <summary>No further word from the node.</summary>
    public void EndInput() => _ssh.StandardInput.Close();

    /// <summary>The server's last line; then it closes.</summary>
    public async Task<EnrollmentAnswer> Answer()
    {
        var answer = JsonSerializer.Deserialize(await Line(), ProtocolJson.Default.EnrollmentAnswer)!;
        (await Rest()).ShouldBe("", "the server said more than its answer");
        return answer;
    }

    /// <summary>All that still comes, until the server closes.</summary>
    public async Task<string> Rest()
    {
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        var rest = await _ssh.StandardOutput.ReadToEndAsync(deadline.Token);
        await _ssh.WaitForExitAsync(deadline.Token);
        return rest;
    }

    public void Dispose()
    {
        if (!_ssh.HasExited) _ssh.Kill();
        _ssh.Dispose();
    }

    private async Task<string> Line()
    {
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        return await _ssh.StandardOutput.ReadLineAsync(deadline.Token)
            ?? throw new InvalidOperationException($"the server closed: {await _ssh.StandardError.ReadToEndAsync(deadline.Token)}");
    }
}
