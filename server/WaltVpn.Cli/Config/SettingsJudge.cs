using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Config;

/// <summary>The daemon's own word on a file of settings: <c>waltvpnd --check</c>, <c>--show-settings</c>. Nobody else knows the keys.</summary>
internal static class SettingsJudge
{
    private const string Name = "waltvpnd";

    /// <summary>Checks a file.</summary>
    /// <returns>What is wrong, with line and key; null when it can be used.</returns>
    /// <exception cref="CliException">There is no daemon on this machine.</exception>
    public static async Task<string?> Fault(string file)
    {
        var (status, _, errors) = await Run(file, "--check");
        return status == 0 ? null : Words(errors);
    }

    /// <summary>Every setting, with what holds.</summary>
    /// <exception cref="CliException">The file cannot be used; the message says why.</exception>
    public static async Task<IReadOnlyList<SettingView>> Settings(string file)
    {
        var (status, output, errors) = await Run(file, "--show-settings");
        if (status != 0) throw new CliException(ExitCode.Failed, Words(errors));
        try
        {
            return JsonSerializer.Deserialize(output, ProtocolJson.Default.IReadOnlyListSettingView)!;
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.Failed, $"{Name} is of another version: {e.Message}");
        }
    }

    /// <summary>What it says, without its name in front.</summary>
    private static string Words(string errors) => errors.Trim() is var text && text.StartsWith($"{Name}: ", StringComparison.Ordinal) ? text[(Name.Length + 2)..] : text;

    private static async Task<(int Status, string Output, string Errors)> Run(string file, string mode)
    {
        var program = Path.Combine(AppContext.BaseDirectory, Name);
        try
        {
            var start = new ProcessStartInfo(program, ["--config", file, mode]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, await output, await errors);
        }
        catch (Win32Exception e)
        {
            throw new CliException(ExitCode.Failed, $"cannot start {program}, which reads the settings: {e.Message}. Run this on the server, where it is installed.");
        }
    }
}
