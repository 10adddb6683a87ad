using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Entrypoints;

/// <summary>
/// Goes the way of a board that asks to join, with an image's own settings: pinned host keys and the enrolment key, up to the server's challenge. Nothing is
/// asked, so nothing changes on the server.
/// </summary>
internal static class SshProbe
{
    private const string Alias = "waltvpn-server";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    /// <summary>What ssh says, and what it comes from.</summary>
    private static readonly (string[] Words, string Cause)[] Causes =
    [
        (["Host key verification failed", "host key is known"],
            "shows a host key that is none of the server's: it is another machine, or hostKeyFiles in server.yaml does not name this one's key"),
        (["Permission denied"], "refuses the enrolment key: is our drop-in in its sshd (server/packaging/install), was sshd reloaded, does waltvpnd run?"),
        (["Connection refused"], "nothing listens there: is sshd running, on this port?"),
        (["timed out"], "no answer: a firewall swallows packets to it, or it forwards to a server that does not answer"),
        (["kex_exchange_identification", "Connection closed", "Connection reset", "Broken pipe"],
            "takes the connection and closes it: what listens there is no SSH server, or forwards to one that is not up"),
        (["No route to host", "Network is unreachable"], "there is no way to it from here"),
    ];

    public static async Task<EntrypointTest> Try(SshEntrypoint entrypoint, NodeSettings settings, CancellationToken cancel)
    {
        var folder = Directory.CreateTempSubdirectory("waltvpn-").FullName;
        try
        {
            Write(Path.Combine(folder, "known_hosts"), string.Concat(settings.HostKeys.Select(key => $"{Alias} {key}\n")));
            Write(Path.Combine(folder, "key"), settings.EnrollmentKey.Reveal().Trim() + "\n");
            var (line, errors) = await Challenge(entrypoint, folder, cancel);
            return line is null ? Fails(entrypoint, Cause(entrypoint, errors)) : Judge(entrypoint, line, settings.Platform);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The first line that comes back; null, and what ssh said, when none does.</summary>
    private static async Task<(string? Line, string Errors)> Challenge(SshEntrypoint entrypoint, string folder, CancellationToken cancel)
    {
        string[] options =
        [
            "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "PreferredAuthentications=publickey", "StrictHostKeyChecking=yes", "UpdateHostKeys=no",
            $"HostKeyAlias={Alias}", $"UserKnownHostsFile={folder}/known_hosts", "GlobalKnownHostsFile=/dev/null", "ClearAllForwardings=yes", "ConnectTimeout=10",
            "LogLevel=ERROR",
        ];
        var start = new ProcessStartInfo(
            "ssh", ["-F", "none", "-T", "-i", $"{folder}/key", "-p", $"{entrypoint.Port}", .. options.SelectMany(option => (string[])["-o", option]), "--", $"walt-vpn@{entrypoint.Host}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var ssh = Start(start);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Deadline);
        try
        {
            var errors = ssh.StandardError.ReadToEndAsync(deadline.Token);
            var line = await ssh.StandardOutput.ReadLineAsync(deadline.Token);
            return line is null ? (null, await errors) : (line, "");
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return (null, "timed out");
        }
        finally
        {
            if (!ssh.HasExited) ssh.Kill();
            await ssh.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new CliException(ExitCode.Failed, $"ssh cannot be started: {e.Message}. Type: apt-get install openssh-client");
        }
    }

    private static EntrypointTest Judge(SshEntrypoint entrypoint, string line, string platform)
    {
        try
        {
            var challenge = JsonSerializer.Deserialize(line, ProtocolJson.Default.EnrollmentChallenge);
            return challenge?.Platform == platform
                ? new EntrypointTest("ssh", entrypoint.ToString(), true, $"leads to the server of platform {platform}, which takes the enrolment key")
                : Fails(entrypoint, $"leads to the server of another platform: {challenge?.Platform}");
        }
        catch (JsonException)
        {
            return Fails(entrypoint, $"takes the enrolment key, but answers with something else: {line}");
        }
    }

    private static string Cause(SshEntrypoint entrypoint, string errors)
    {
        foreach (var (words, cause) in Causes)
        {
            if (words.Any(word => errors.Contains(word, StringComparison.Ordinal))) return cause;
        }

        return errors.Contains("Could not resolve hostname", StringComparison.Ordinal)
            ? $"the name is not known here. Try: getent hosts {entrypoint.Host}"
            : $"ssh failed: {errors.Trim().Split('\n')[^1]}";
    }

    private static void Write(string path, string text)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(Encoding.UTF8.GetBytes(text));
    }

    private static EntrypointTest Fails(SshEntrypoint entrypoint, string finding) => new("ssh", entrypoint.ToString(), false, finding);
}
