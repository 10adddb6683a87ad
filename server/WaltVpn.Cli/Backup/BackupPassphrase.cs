using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Backup;

/// <summary>The passphrase of a backup: from a terminal, unseen, or from a private file. Never from an argument or the environment.</summary>
internal static class BackupPassphrase
{
    private const string Terminal = "/dev/tty";
    private const int Least = 12;

    // gpg(1) takes no longer one.
    private const int Most = 255;
    private const UnixFileMode ForOthers = (UnixFileMode)0b000_111_111;

    /// <summary>The option that names the file.</summary>
    public static Option<string?> Option() => new("--passphrase-file")
    {
        Description = "A file whose first line is the passphrase, mode 0600; without it you are asked for it",
        HelpName = "FILE",
    };

    /// <summary>Gets it.</summary>
    /// <param name="file">A file with it; null: the terminal is asked.</param>
    /// <param name="isNew">Asked for twice, and must be long enough.</param>
    /// <exception cref="CliException">There is none, or none that can be used.</exception>
    public static Secret Get(string? file, bool isNew)
    {
        var passphrase = file is null ? Ask(isNew) : Read(file);
        var length = Encoding.UTF8.GetByteCount(passphrase);
        if (length > Most || (isNew && length < Least)) throw new CliException(ExitCode.Usage, $"the passphrase has {length} bytes; it must have {Least} to {Most}. Six random words do well");
        if (length == 0 || passphrase.Any(char.IsControl)) throw new CliException(ExitCode.Usage, "the passphrase is empty, or holds what no keyboard types");
        return new Secret(passphrase);
    }

    private static string Read(string file)
    {
        try
        {
            if ((File.GetUnixFileMode(file) & ForOthers) != 0)
                throw new CliException(ExitCode.Refused, $"others may read {TerminalText.Plain(file)}; type: chmod 600 {TerminalText.Plain(file)}");
            using var lines = new StreamReader(file, Encoding.UTF8);
            return lines.ReadLine() ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Failed, $"cannot read the passphrase: {e.Message}");
        }
    }

    private static string Ask(bool isNew)
    {
        if (Console.IsInputRedirected)
            throw new CliException(ExitCode.Usage, "there is no terminal to ask for the passphrase; name a file that holds it with --passphrase-file");
        // Silent before the first word, so that nothing is seen of who types or pastes fast; also for who is interrupted it is as it was.
        Stty("-echo");
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => Stty("echo"));
        using var ended = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => Stty("echo"));
        try
        {
            var first = Type("Passphrase of the backup: ");
            if (isNew && Type("The same again: ") != first) throw new CliException(ExitCode.Usage, "they differ; nothing was done");
            return first;
        }
        finally
        {
            Stty("echo");
        }
    }

    private static string Type(string prompt)
    {
        Console.Error.Write(prompt);
        // Not through Console, which sets the terminal to its own liking around each read. The terminal gives one line at a time.
        using var terminal = new StreamReader(new FileStream(Terminal, FileMode.Open, FileAccess.Read), Encoding.UTF8);
        var line = terminal.ReadLine();
        Console.Error.WriteLine();
        return line ?? throw new CliException(ExitCode.Usage, "no passphrase was typed; nothing was done");
    }

    private static void Stty(string echo)
    {
        using var stty = Process.Start(new ProcessStartInfo("stty", ["-F", Terminal, echo]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var fault = stty.StandardError.ReadToEnd().Trim();
        stty.WaitForExit();
        if (stty.ExitCode != 0) throw new CliException(ExitCode.Failed, $"the terminal cannot be made silent ({fault}); name a file with --passphrase-file");
    }
}
