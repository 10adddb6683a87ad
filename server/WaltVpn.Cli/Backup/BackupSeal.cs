using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Backup;

/// <summary>Encryption of a backup with a passphrase, by GnuPG (gpg(1), docs/decisions/0007). No key ring, no agent, nothing kept.</summary>
internal static class BackupSeal
{
    // The passphrase is the first line of standard input: gpg reads it byte by byte, and what is behind it is its message.
    private static readonly string[] Always =
    [
        "--batch", "--no-options", "--quiet", "--homedir", "/nonexistent", "--no-keyring", "--no-autostart", "--no-random-seed-file", "--no-symkey-cache",
        "--pinentry-mode", "loopback", "--passphrase-fd", "0", "--status-fd", "2", "--output", "-",
    ];

    // 65011712 is the most that OpenPGP can say (RFC 4880 section 3.7.1.3): a guess costs a core a tenth of a second.
    private static readonly string[] Encrypt =
    [
        "--symmetric", "--cipher-algo", "AES256", "--s2k-mode", "3", "--s2k-digest-algo", "SHA512", "--s2k-count", "65011712", "--compress-algo", "none",
    ];

    /// <summary>Encrypts.</summary>
    /// <param name="passphrase">One line.</param>
    /// <param name="write">Writes the clear text.</param>
    /// <param name="output">Takes the encrypted one.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="CliException">gpg is missing or failed.</exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public static async Task Seal(Secret passphrase, Func<Stream, Task> write, Stream output, CancellationToken cancel)
    {
        using var gpg = Start([.. Always, .. Encrypt]);
        try
        {
            var status = gpg.StandardError.ReadToEndAsync(cancel);
            var fed = Side(gpg, Feed(gpg, passphrase, write));
            await Side(gpg, gpg.StandardOutput.BaseStream.CopyToAsync(output, cancel));
            var whole = await fed;
            await gpg.WaitForExitAsync(cancel);
            if (gpg.ExitCode != 0 || !whole) throw new CliException(ExitCode.Failed, $"gpg could not encrypt (exit status {gpg.ExitCode}): {Words(await status)}");
        }
        finally
        {
            Kill(gpg);
        }
    }

    /// <summary>Decrypts. What was read counts only when this returns: the end of the file says whether all of it is genuine.</summary>
    /// <param name="passphrase">One line.</param>
    /// <param name="input">The encrypted text.</param>
    /// <param name="read">Reads the clear one, to its end.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="CliException">Another passphrase, another file, or one that was changed or cut; what <paramref name="read"/> found only when the file is genuine.</exception>
    public static async Task<T> Open<T>(Secret passphrase, Stream input, Func<Stream, Task<T>> read, CancellationToken cancel)
    {
        using var gpg = Start([.. Always, "--decrypt"]);
        try
        {
            var status = gpg.StandardError.ReadToEndAsync(cancel);
            var fed = Feed(gpg, passphrase, stream => input.CopyToAsync(stream, cancel));
            var found = read(gpg.StandardOutput.BaseStream);
            // Damage often shows as nonsense first; gpg's word, which comes last, is the better one.
            await Task.WhenAny(found);
            await gpg.StandardOutput.BaseStream.CopyToAsync(Stream.Null, cancel);
            await fed;
            await gpg.WaitForExitAsync(cancel);
            if (gpg.ExitCode != 0 || !IsGenuine(await status)) throw Refused(await status);
            return await found;
        }
        finally
        {
            Kill(gpg);
        }
    }

    /// <summary>One message, encrypted from its beginning to its end, and whole (GnuPG's doc/DETAILS).</summary>
    private static bool IsGenuine(string status)
    {
        const string Mark = "[GNUPG:] ";
        var events = status.Split('\n').Where(line => line.StartsWith(Mark, StringComparison.Ordinal)).Select(line => line[Mark.Length..].Split(' ')[0]);
        return events.Where(word => word is "BEGIN_DECRYPTION" or "PLAINTEXT" or "DECRYPTION_OKAY" or "GOODMDC" or "END_DECRYPTION")
            .SequenceEqual(["BEGIN_DECRYPTION", "PLAINTEXT", "DECRYPTION_OKAY", "GOODMDC", "END_DECRYPTION"]);
    }

    private static CliException Refused(string status) => new(
        ExitCode.Refused,
        status.Contains(" BEGIN_DECRYPTION", StringComparison.Ordinal)
            ? "the passphrase is another one, or the file is not as it was written (cut, changed, damaged). Nothing was changed on this machine; try another copy of the file"
            : $"this is no backup that a passphrase opens: {Words(status)}. 'waltvpn backup create' makes one");

    /// <returns>False when gpg ended before it had read all.</returns>
    private static async Task<bool> Feed(Process gpg, Secret passphrase, Func<Stream, Task> write)
    {
        await using var input = new PipeStream(gpg.StandardInput.BaseStream);
        try
        {
            await input.WriteAsync(Encoding.UTF8.GetBytes(passphrase.Reveal() + "\n"));
            await write(input);
            return true;
        }
        catch (PipeStream.BrokenException)
        {
            // Its exit status and words say why.
            return false;
        }
    }

    /// <summary>When one side fails, the other would wait for ever.</summary>
    private static async Task<T> Side<T>(Process gpg, Task<T> work)
    {
        await Side(gpg, (Task)work);
        return await work;
    }

    private static async Task Side(Process gpg, Task work)
    {
        try
        {
            await work;
        }
        catch
        {
            Kill(gpg);
            throw;
        }
    }

    private static void Kill(Process gpg)
    {
        if (!gpg.HasExited) gpg.Kill();
    }

    private static Process Start(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("gpg", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new CliException(ExitCode.Failed, $"cannot start gpg, which encrypts backups: {e.Message}. Type: sudo apt-get install gpg");
        }
    }

    private static string Words(string status) =>
        TerminalText.Plain(string.Join("; ", status.Split('\n').Where(line => line.StartsWith("gpg: ", StringComparison.Ordinal)).Select(line => line[5..])));
}
