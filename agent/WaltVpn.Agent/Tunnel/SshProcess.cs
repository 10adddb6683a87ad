using Microsoft.Win32.SafeHandles;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Tunnel;

/// <summary>One run of the OpenSSH client, with its three streams. Owns them and the process: disposing ends both.</summary>
internal sealed class SshProcess : IDisposable
{
    private const string Ssh = "/usr/bin/ssh";
    private const int SIGKILL = 9;
    // ssh(1): what it exits with when it is not the command that failed.
    private const int SshFailed = 255;
    // What ssh says at LogLevel VERBOSE when all is well.
    private static readonly string[] Chatter = ["Authenticated ", "Transferred: ", "Bytes per second: "];

    private readonly ChildProcess _process;
    // When, by the monotonic clock.
    private readonly TaskCompletionSource<long> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _messages;
    private volatile string _lastMessage = "";
    private ExitStatus? _status;

    private SshProcess(ChildProcess process, FileDescriptor input, FileDescriptor output, FileDescriptor messages)
    {
        (_process, Input, Output) = (process, input, output);
        _messages = Task.Factory.StartNew(() => ReadMessages(messages), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>ssh's standard input: towards the server.</summary>
    public FileDescriptor Input { get; }

    /// <summary>ssh's standard output: from the server.</summary>
    public FileDescriptor Output { get; }

    /// <summary>Completes when the server has let us in; is cancelled when ssh ends before.</summary>
    public Task Connected => _connected.Task;

    /// <summary>How long ago the server let us in; null when it did not: waiting for an answer that never comes takes its time too.</summary>
    public TimeSpan? ConnectedFor => _connected.Task.IsCompletedSuccessfully ? TimeProvider.System.GetElapsedTime(_connected.Task.Result) : null;

    /// <summary>Starts ssh.</summary>
    /// <param name="block">Host block of <see cref="SshConfig"/>.</param>
    /// <param name="way">Where to connect; its grammar keeps anything out that ssh could take for an option.</param>
    /// <param name="directory">Of the configuration.</param>
    /// <param name="command">What the server is asked for; null: nothing in words.</param>
    /// <exception cref="ErrnoException">No descriptor left, or no ssh in the image.</exception>
    public static SshProcess Start(string block, WayIn way, string directory = SshConfig.DefaultDirectory, string? command = null)
    {
        var (input, output, error) = (FileDescriptor.Pipe(), FileDescriptor.Pipe(), FileDescriptor.Pipe());
        // The child's ends are the child's: closed here, so that its exit is seen as the end of the stream.
        using (input.Reader)
        using (output.Writer)
        using (error.Writer)
        {
            string[] arguments =
            [
                "-F", $"{directory}/config", "-o", $"HostName={way.Entrypoint.Host}", "-o", $"HostKeyAlias={way.KnownAs}", "-p", $"{way.Entrypoint.Port}",
                block,
            ];
            if (command is not null) arguments = [.. arguments, command];
            string[] environment = ["PATH=/usr/bin:/bin", "HOME=/run/walt-vpn"];
            // The name: systemd must spare it at shutdown (docs/handoff.md).
            var process = ChildProcess.Start(Ssh, arguments, environment, input.Reader, output.Writer, error.Writer, name: "@" + Ssh);
            return new SshProcess(process, input.Writer, output.Reader, error.Reader);
        }
    }

    /// <summary>After <see cref="Reason"/>: it ended because the server does not let this key in.</summary>
    public bool KeyRefused => IsRefusal(_lastMessage);

    /// <summary>After <see cref="Reason"/>: the server let us in, and what it started there refused our command.</summary>
    public bool CommandRefused => Connected.IsCompletedSuccessfully && _status is { } status && IsOfTheCommand(status, _lastMessage);

    /// <summary>Reads up to a line feed, in a thread that waits for it.</summary>
    /// <param name="maxLength">Bytes, line feed included.</param>
    /// <returns>The line with its line feed; empty when the stream ended before.</returns>
    /// <exception cref="InvalidDataException">It is longer.</exception>
    public Task<byte[]> ReadLine(int maxLength) => Task.Run(() =>
    {
        var line = new byte[maxLength];
        for (var length = 0; length < line.Length;)
        {
            var got = Output.Read(line.AsSpan(length));
            if (got == 0) return [];
            length += got;
            if (line[length - 1] == '\n') return line[..length];
        }

        throw new InvalidDataException($"longer than {maxLength} bytes");
    });

    /// <summary>Waits for the end and says why it came, in words for the console.</summary>
    public async Task<string> Reason()
    {
        var status = await _process.Exited;
        _status = status;
        await _messages;
        return Explain(_lastMessage, status);
    }

    /// <summary>Ends ssh at once.</summary>
    public void Kill() => _process.Kill(SIGKILL);

    /// <inheritdoc/>
    public void Dispose()
    {
        Kill();
        Input.Dispose();
        Output.Dispose();
    }

    /// <summary>Puts ssh's last words into the terms of who reads the console.</summary>
    internal static string Explain(string message, ExitStatus status)
    {
        if (IsRefusal(message)) return "the server refused this node's key";
        if (message.Contains("Host key verification failed", StringComparison.Ordinal))
            return "the server showed another host key than the one this image trusts: wrong server, or somebody in between";
        return message.Length > 0 ? message : $"ssh ended with {status}";
    }

    private static bool IsRefusal(string message) => message.Contains("Permission denied (publickey", StringComparison.Ordinal);

    /// <summary>
    /// Is it the command that the server did not know? A WaltVpn server knows each one we ask for: when its part speaks, that is about something else.
    /// </summary>
    internal static bool IsOfTheCommand(ExitStatus status, string message) =>
        status is { Signal: 0, Code: > 0 and not SshFailed } && !message.StartsWith("waltvpn-hub:", StringComparison.Ordinal);

    private void ReadMessages(FileDescriptor descriptor)
    {
        using (descriptor)
        using (var handle = new SafeFileHandle(descriptor.DangerousGetHandle(), ownsHandle: false))
        using (var reader = new StreamReader(new FileStream(handle, FileAccess.Read, bufferSize: 0)))
        {
            Read(reader);
        }

        _connected.TrySetCanceled();
    }

    // Some of it the other side wrote.
    private static string Printable(string text) => new([.. text.Select(c => char.IsControl(c) ? '?' : c)]);

    private void Read(StreamReader reader)
    {
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith("Authenticated ", StringComparison.Ordinal)) _connected.TrySetResult(TimeProvider.System.GetTimestamp());
            else if (line.Trim().Length > 0 && !Chatter.Any(start => line.StartsWith(start, StringComparison.Ordinal))) _lastMessage = Printable(line.Trim());
        }
    }
}
