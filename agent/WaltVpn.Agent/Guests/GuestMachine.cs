using Microsoft.Win32.SafeHandles;
using WaltVpn.Agent.Guests.Qmp;
using WaltVpn.Agent.WaltHttp;
using WaltVpn.Linux;

namespace WaltVpn.Agent.Guests;

/// <summary>A virtual machine that runs: QEMU's process, its QMP, and what its guest prints.</summary>
internal sealed class GuestMachine : IDisposable
{
    private const int SIGKILL = 9;
    private const int ReadSize = 4096;
    private const int MostEvents = 16;
    private const string Running = "/run/walt-vpn/guest";

    // An emulated machine on a busy board takes its time; a QEMU that says nothing for so long hangs.
    private static readonly TimeSpan ForAnswer = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan BetweenQuestions = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ForLastWords = TimeSpan.FromSeconds(5);

    private readonly ChildProcess _process;
    private readonly INodeLog _log;
    private readonly Task _console;
    private readonly Task<string> _complaint;
    private readonly List<QmpMessage> _events = [];
    private QmpConnection? _qemu;

    private GuestMachine(ChildProcess process, INodeLog log, FileDescriptor console, FileDescriptor errors)
    {
        (_process, _log) = (process, log);
        var lines = new GuestLines(TimeProvider.System, text => log.Info(BootStage.HandOff, $"guest: {text}"));
        _console = Task.Factory.StartNew(() => Relay(console, lines), TaskCreationOptions.LongRunning);
        _complaint = Task.Factory.StartNew(() => LastLine(errors), TaskCreationOptions.LongRunning);
    }

    /// <summary>Where QMP's socket is: in a folder that root alone may enter.</summary>
    public static string SocketPath => $"{Running}/qmp.sock";

    /// <summary>Starts it; its processors wait for <see cref="Begin"/>.</summary>
    /// <param name="program">QEMU.</param>
    /// <param name="arguments">Of <see cref="GuestCommand"/>.</param>
    /// <exception cref="ErrnoException">ENOENT: the image has no QEMU.</exception>
    public static GuestMachine Start(string program, IReadOnlyList<string> arguments, INodeLog log)
    {
        Directory.CreateDirectory(Running, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Delete(SocketPath);
        var (console, consoleEnd) = FileDescriptor.Pipe();
        var (errors, errorEnd) = FileDescriptor.Pipe();
        using (consoleEnd)
        using (errorEnd)
        {
            try
            {
                var process = ChildProcess.Start(program, arguments, ["PATH=/usr/bin:/bin"], standardOutput: consoleEnd, standardError: errorEnd);
                DieFirst(process.Pid);
                return new GuestMachine(process, log, console, errors);
            }
            catch (ErrnoException)
            {
                console.Dispose();
                errors.Dispose();
                throw;
            }
        }
    }

    // Its parent is what the kernel must never kill for memory (Boot): that is inherited.
    private static void DieFirst(int pid)
    {
        try
        {
            File.WriteAllText($"/proc/{pid}/oom_score_adj", "1000");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // It has ended, and its end says why.
        }
    }

    /// <summary>Waits for QEMU, plugs the guest's wire in, and lets it run.</summary>
    /// <returns>To speak with it; and whether the board's processor runs the guest.</returns>
    /// <exception cref="QmpException">It does not come up; <see cref="End"/> says why, where it has ended.</exception>
    public async Task<(QmpConnection Qemu, bool WithKvm)> Begin(CancellationToken stopping)
    {
        _qemu = await QmpConnection.Open(SocketPath, ForAnswer, Note, _process.Exited, stopping);
        var withKvm = (await _qemu.Execute(QmpCommand.QueryKvm, stopping)).Enabled == true;
        GuestNetwork.PlugIn();
        await _qemu.Execute(QmpCommand.Continue, stopping);
        return (_qemu, withKvm);
    }

    /// <summary>Asks again and again whether QEMU still answers; returns, with the reason, when it does not.</summary>
    public static async Task<string> UntilSilent(QmpConnection qemu, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                await qemu.Execute(QmpCommand.QueryStatus, stopping);
                await Task.WhenAny(qemu.Ended, Task.Delay(BetweenQuestions, stopping));
                stopping.ThrowIfCancellationRequested();
            }
            catch (QmpException silent)
            {
                return silent.Message;
            }
        }
    }

    /// <summary>Of its process.</summary>
    public int Pid => _process.Pid;

    /// <summary>When its process has ended.</summary>
    public Task Ended => _process.Exited;

    /// <summary>Ends it, if it has not yet, and says how it ended.</summary>
    /// <param name="because">Why it has to; null: it ended by itself.</param>
    public async Task<GuestEnd> End(string? because)
    {
        // Who closes the socket is about to end.
        if (await Task.WhenAny(_process.Exited, Task.Delay(ForLastWords)) != _process.Exited) _process.Kill(SIGKILL);
        var status = await _process.Exited;
        var complaint = await _complaint;
        await _console;
        lock (_events) return EndOf(_events, status, because, complaint);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Kill(SIGKILL);
        _qemu?.Dispose();
    }

    /// <summary>Puts together what is known of the end.</summary>
    internal static GuestEnd EndOf(IReadOnlyList<QmpMessage> events, ExitStatus status, string? because, string complaint)
    {
        if (events.Any(message => message.Event == "WATCHDOG")) return new GuestEnd(GuestEndKind.Failed, "hung: its watchdog ran out");
        if (events.Any(message => message.Event == "GUEST_PANICKED")) return new GuestEnd(GuestEndKind.Failed, "panicked");
        switch (events.LastOrDefault(message => message.Event == "SHUTDOWN")?.Data?.Reason)
        {
            case "guest-reset": return new GuestEnd(GuestEndKind.Restarted, "restarts");
            case "guest-shutdown": return new GuestEnd(GuestEndKind.SwitchedOff, "switched itself off");
            case "guest-panic": return new GuestEnd(GuestEndKind.Failed, "panicked");
        }

        var said = complaint.Length > 0 ? $": {complaint}" : "";
        return new GuestEnd(GuestEndKind.Broken, because is not null && status.Signal == SIGKILL
            ? $"answers no more ({because}) and was ended{said}"
            : $"broke down: QEMU ended with {status}{said}");
    }

    private void Note(QmpMessage message)
    {
        if (message.Event is not ("SHUTDOWN" or "GUEST_PANICKED" or "WATCHDOG")) return;
        lock (_events)
            if (_events.Count < MostEvents) _events.Add(message);
    }

    private static void Relay(FileDescriptor console, GuestLines lines)
    {
        using (console)
        {
            var buffer = new byte[ReadSize];
            for (int length; (length = console.Read(buffer)) > 0;) lines.Add(buffer.AsSpan(0, length));
            lines.End();
        }
    }

    private string LastLine(FileDescriptor errors)
    {
        var last = "";
        using (errors)
        using (var handle = new SafeFileHandle(errors.DangerousGetHandle(), ownsHandle: false))
        using (var reader = new StreamReader(new FileStream(handle, FileAccess.Read, bufferSize: 0)))
        {
            while (reader.ReadLine() is { } line)
            {
                if (line.Trim().Length == 0) continue;
                last = WaltHttpClient.Printable(line.Trim());
                _log.Info(BootStage.HandOff, last);
            }
        }

        return last;
    }
}
