using System.Diagnostics;
using Shouldly;
using Xunit;

namespace WaltVpn.Tunnel.Tests;

/// <summary>Other programs: those that have the last word.</summary>
internal static class Tools
{
    /// <summary>Skips the test when a program is missing; with <c>WALTVPN_REQUIRE_ALL=1</c> that is a failure.</summary>
    public static void Require(string program)
    {
        var found = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
        if (Environment.GetEnvironmentVariable("WALTVPN_REQUIRE_ALL") == "1") found.ShouldBeTrue($"{program} is missing");
        Assert.SkipUnless(found, $"{program} is missing");
    }

    /// <summary>Runs a program to its end, which must be a good one.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public static async Task<string> Run(string program, params string[] arguments)
    {
        var (status, output, errors) = await RunToTheEnd(program, arguments);
        status.ShouldBe(0, $"{program} {string.Join(' ', arguments)}: {errors}");
        return output;
    }

    /// <summary>Runs a program to its end, which must be a bad one.</summary>
    /// <returns>What it wrote to standard error.</returns>
    public static async Task<string> Fail(string program, params string[] arguments)
    {
        var (status, output, errors) = await RunToTheEnd(program, arguments);
        status.ShouldNotBe(0, $"{program} {string.Join(' ', arguments)}: {output}");
        return errors;
    }

    private static async Task<(int Status, string Output, string Errors)> RunToTheEnd(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output, await errors);
    }
}
