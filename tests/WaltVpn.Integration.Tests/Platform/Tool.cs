using System.Diagnostics;
using Shouldly;
using Xunit;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>Other programs, run to their end within <see cref="Deadline"/>.</summary>
internal static class Tool
{
    /// <summary>No single step of a test takes longer on a busy machine.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(180);

    /// <summary>Runs a program without input.</summary>
    public static Task<ToolResult> Run(string program, params string[] arguments) => Run(program, "", arguments);

    /// <summary>Runs a program that must end well.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public static async Task<string> Succeed(string program, params string[] arguments)
    {
        var result = await Run(program, "", arguments);
        result.Status.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {result.Output}{result.Errors}");
        return result.Output;
    }

    /// <summary>Runs a program that must end well and has more to do than others.</summary>
    public static async Task SucceedWithin(TimeSpan limit, string program, params string[] arguments)
    {
        var result = await Run(program, "", arguments, limit);
        result.Status.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {result.Output}{result.Errors}");
    }

    /// <summary>Runs a program with a text as its whole input.</summary>
    /// <param name="limit">Null: <see cref="Deadline"/>.</param>
    public static async Task<ToolResult> Run(string program, string input, string[] arguments, TimeSpan? limit = null)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(limit ?? Deadline);
        using var process = Start(program, arguments);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await Feed(process, input);
            await process.WaitForExitAsync(deadline.Token);
            return new ToolResult(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within {(limit ?? Deadline).TotalSeconds} s");
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Starts a program whose three streams are the caller's, who disposes it.</summary>
    public static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static async Task Feed(Process process, string input)
    {
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // EPIPE: it ended without reading.
        }
    }
}
