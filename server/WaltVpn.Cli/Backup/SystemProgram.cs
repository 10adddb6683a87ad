using System.ComponentModel;
using System.Diagnostics;

namespace WaltVpn.Cli.Backup;

/// <summary>Small programs of the system (coreutils, util-linux) and the daemon's own word, for what .NET cannot do.</summary>
internal static class SystemProgram
{
    /// <summary>Runs one that must succeed.</summary>
    /// <returns>What it printed, without the end of its last line.</returns>
    /// <exception cref="CliException">It is missing or failed; the message holds its words.</exception>
    public static async Task<string> Run(string program, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
                await process.WaitForExitAsync(cancel);
                if (process.ExitCode == 0) return (await output).TrimEnd('\n');
                throw new CliException(ExitCode.Failed, $"{program} {arguments[0]} failed: {TerminalText.Plain((await errors).Trim())}");
            }
            finally
            {
                if (!process.HasExited) process.Kill(entireProcessTree: true);
            }
        }
        catch (Win32Exception e)
        {
            throw new CliException(ExitCode.Failed, $"cannot start {program}: {e.Message}");
        }
    }

    /// <summary>The daemon's program, beside this one.</summary>
    public static string Daemon => Path.Combine(AppContext.BaseDirectory, "waltvpnd");

    /// <summary>Runs one as the owner of a file or folder: in folders of services root follows whatever they put there.</summary>
    /// <param name="path">Whose.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="cancel">Ends it.</param>
    public static async Task<string> RunAsOwner(string path, IReadOnlyList<string> command, CancellationToken cancel)
    {
        var owner = (await OwnerOf(path, cancel)).Split(':');
        var isOwner = owner[0] == await Run("id", ["--user"], cancel);
        return isOwner
            ? await Run(command[0], [.. command.Skip(1)], cancel)
            : await Run("setpriv", [$"--reuid={owner[0]}", $"--regid={owner[1]}", "--clear-groups", "--no-new-privs", "--", .. command], cancel);
    }

    /// <summary><c>uid:gid</c> of a file or folder; of a link, the link's own.</summary>
    public static Task<string> OwnerOf(string path, CancellationToken cancel) => Run("stat", ["--format=%u:%g", "--", path], cancel);

    /// <summary>A path without links, whether it is there or not.</summary>
    public static Task<string> RealPath(string path, CancellationToken cancel) => Run("realpath", ["--canonicalize-missing", "--", path], cancel);

    /// <summary>sync(1) with an operand is fsync(2) on it, directories too, which .NET cannot open.</summary>
    public static Task Sync(string path, CancellationToken cancel) => Run("sync", [path], cancel);
}
