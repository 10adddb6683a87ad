using System.Diagnostics;

namespace WaltVpn.Eeprom.Tests;

/// <summary>Runs the machine's programs that have the last word on keys, signatures and archives.</summary>
internal static class HostProgram
{
    /// <summary>Runs a program that must succeed.</summary>
    /// <returns>Its standard output.</returns>
    public static async Task<byte[]> RunAsync(string folder, string name, params IReadOnlyList<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(name, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.StandardInput.Close();
        using var output = new MemoryStream();
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.StandardOutput.BaseStream.CopyToAsync(output, TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(0, $"{name} {string.Join(' ', arguments)}: {await errors}");
        return output.ToArray();
    }
}
