using System.ComponentModel;
using System.Diagnostics;

namespace WaltVpn.Server.Processes;

/// <summary>Runs one of the system's small programs to its end. Arguments are a list, never a line for a shell.</summary>
internal static class ChildProcess
{
    /// <summary>A program that takes longer hangs; it is killed.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    /// <summary>Runs a program and collects what it prints.</summary>
    /// <param name="program">Name, looked up in PATH.</param>
    /// <param name="arguments">Nothing secret: every user of the machine can read them.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="agentSocket">Value of SSH_AUTH_SOCK; null: none.</param>
    /// <param name="cancel">Kills the program.</param>
    /// <exception cref="ChildProcessException">The program is missing, hangs, or does not read its input.</exception>
    public static async Task<ChildResult> Run(string program, IReadOnlyList<string> arguments, byte[] input, string? agentSocket, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        start.Environment.Remove("SSH_AUTH_SOCK");
        if (agentSocket is not null) start.Environment["SSH_AUTH_SOCK"] = agentSocket;
        using var process = Start(start);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Deadline);
        try
        {
            // Process leaves streams that were asked for to whoever asked.
            using var outputReader = process.StandardOutput;
            using var errorReader = process.StandardError;
            var output = outputReader.ReadToEndAsync(deadline.Token);
            var error = errorReader.ReadToEndAsync(deadline.Token);
            await Feed(process, input, deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return new ChildResult(process.ExitCode, await output, (await error).Trim());
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new ChildProcessException($"{program} {arguments[0]}: no end after {Deadline.TotalSeconds} s; killed");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
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
            throw new ChildProcessException($"{start.FileName}: {e.Message}. Is its package installed?", e);
        }
    }

    private static async Task Feed(Process process, byte[] input, CancellationToken cancel)
    {
        try
        {
            await using var standardInput = process.StandardInput;
            await standardInput.BaseStream.WriteAsync(input, cancel);
        }
        catch (IOException)
        {
            // EPIPE: it ended without reading; its exit status and message say why.
        }
    }
}
