using System.Diagnostics;

namespace WaltVpn.ImageBuilder.Tests;

/// <summary>Runs the machine's programs that have the last word on what the builder made.</summary>
internal static class HostProgram
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="environment">Variables to set; null as a value takes one away.</param>
    public static async Task<(int Status, string Output, string Errors)> RunAsync(
        string name, IReadOnlyList<string> arguments, string? folder = null, byte[]? input = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        using var process = Start(name, arguments, folder, environment);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (input is not null) await process.StandardInput.BaseStream.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }

    /// <summary>Runs a program that must succeed.</summary>
    /// <returns>Its standard output.</returns>
    public static async Task<string> CheckAsync(string name, IReadOnlyList<string> arguments, string? folder = null, byte[]? input = null)
    {
        var (status, output, errors) = await RunAsync(name, arguments, folder, input);
        return status == 0 ? output : throw new InvalidOperationException($"{name} {string.Join(' ', arguments)}: status {status}\n{output}{errors}");
    }

    /// <summary>Starts a program with all three streams redirected.</summary>
    public static Process Start(string name, IReadOnlyList<string> arguments, string? folder = null, IReadOnlyDictionary<string, string?>? environment = null)
    {
        var start = new ProcessStartInfo(name, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        start.Environment["PATH"] = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin";
        foreach (var (variable, value) in environment ?? new Dictionary<string, string?>()) start.Environment[variable] = value;
        return Process.Start(start)!;
    }

    /// <summary>Skips a test whose program this machine lacks; with WALTVPN_REQUIRE_ALL=1 the test runs and fails instead.</summary>
    public static void Require(params IReadOnlyList<string> names)
    {
        var folders = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/sbin".Split(':');
        var missing = names.Where(name => !folders.Any(folder => File.Exists(Path.Combine(folder, name)))).ToList();
        Assert.SkipUnless(missing.Count == 0 || Environment.GetEnvironmentVariable("WALTVPN_REQUIRE_ALL") == "1", $"this machine lacks {string.Join(", ", missing)}");
    }
}
