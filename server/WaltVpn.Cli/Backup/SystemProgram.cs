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

    /// <summary>sync(1) with an operand is fsync(2) on it, directories too, which .NET cannot open.</summary>
    public static Task Sync(string path, CancellationToken cancel) => Run("sync", [path], cancel);
}
