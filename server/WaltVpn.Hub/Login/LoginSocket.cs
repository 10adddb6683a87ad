using System.Text.Json;
using WaltVpn.Linux;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Login;

/// <summary>One question to the daemon. docs/protocol.md "Login": no answer within 5 s is a refusal.</summary>
internal static class LoginSocket
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);
    // A settings document, with its quotes escaped inside a JSON text.
    private const int MaxAnswerLength = 4 * SettingsDocument.MaxLength;

    /// <summary>Asks and waits.</summary>
    /// <returns>The daemon's answer; null, with a line on standard error, when there is none that can be understood.</returns>
    public static LoginAnswer? Ask(string path, LoginRequest request)
    {
        try
        {
            var line = Exchange(path, [.. JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.LoginRequest), (byte)'\n']);
            return JsonSerializer.Deserialize(line, ProtocolJson.Default.LoginAnswer);
        }
        catch (Exception silence) when (silence is IOException or JsonException)
        {
            Log.Plain($"waltvpn-hub: the daemon at {path} gave no answer: {silence.Message}");
            return null;
        }
    }

    private static byte[] Exchange(string path, byte[] request)
    {
        var started = TimeProvider.System.GetTimestamp();
        using var socket = UnixSocket.ConnectNow(path);
        // Far less than a socket holds: it is taken at once, or the daemon is in no state to answer.
        if (socket.TryWrite(request).Count != request.Length) throw new IOException("the request was not taken");
        using var poll = new Poll((socket, PollEvents.POLLIN));
        var answer = new byte[MaxAnswerLength];
        for (var length = 0; length < answer.Length;)
        {
            var left = Deadline - TimeProvider.System.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || !poll.Wait(left)) throw new IOException("nothing within 5 s");
            var read = socket.TryRead(answer.AsSpan(length));
            if (read.WouldBlock) continue;
            if (read.Count == 0) throw new IOException("it closed the connection");
            length += read.Count;
            var end = answer.AsSpan(0, length).IndexOf((byte)'\n');
            if (end >= 0) return answer[..end];
        }

        throw new IOException("the answer is too long");
    }
}
