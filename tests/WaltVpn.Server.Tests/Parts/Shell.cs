using System.Diagnostics;
using Shouldly;

namespace WaltVpn.Server.Tests.Parts;

/// <summary>Runs the real programs that judge.</summary>
internal static class Shell
{
    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int Status, string Output)> Try(
        string program, IReadOnlyList<string> arguments, string input = "", params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TZ"] = "UTC";
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await error);
    }

    /// <summary>Runs a program that must succeed.</summary>
    public static async Task<string> Run(string program, IReadOnlyList<string> arguments, string input = "", params (string Name, string Value)[] environment)
    {
        var (status, output) = await Try(program, arguments, input, environment);
        status.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {output}");
        return output.TrimEnd('\n');
    }
}
