using System.ComponentModel;
using System.Diagnostics;

namespace WaltVpn.Cli;

/// <summary><c>waltvpn-image</c>, which makes the cards: a program of its own, that needs no server and no root.</summary>
internal static class ImageProgram
{
    private const string Name = "waltvpn-image";

    /// <summary>Makes a card; what the program says goes where ours does.</summary>
    /// <param name="board">Which.</param>
    /// <param name="settings">YAML. For as long as it takes it lies in a private file beside the card.</param>
    /// <param name="output">The image to make.</param>
    /// <param name="more">Further options of <c>waltvpn-image sd</c>.</param>
    /// <returns>Its exit status.</returns>
    /// <exception cref="CliException">It is not there, or the file cannot be written.</exception>
    public static async Task<int> MakeCard(string board, string settings, string output, IReadOnlyList<string> more)
    {
        var program = Find() ?? throw new CliException(
            ExitCode.Failed,
            $"there is no {Name} on this machine, beside this program or in PATH. Install it here, or give the settings to another machine that has it: "
            + "waltvpn setup-node --output node.yaml");
        var file = $"{output}.{Path.GetRandomFileName()}.yaml";
        await PrivateFile.Write(file, replace: false, settings);
        try
        {
            return await Run(program, ["sd", "--board", board, "--settings", file, "--output", output, .. more]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static async Task<int> Run(string program, string[] arguments)
    {
        // What is made under sudo is the person's who typed it, and so is the folder that keeps the packages.
        var start = PrivateFile.SudoUser() is { } user
            ? new ProcessStartInfo("sudo", ["-H", "-u", $"#{user.Split(':')[0]}", "--", program, .. arguments])
            : new ProcessStartInfo(program, arguments);
        try
        {
            using var process = Process.Start(start)!;
            // Ctrl-C reaches it as well, and it clears away what it has begun.
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw new CliException(ExitCode.Failed, $"cannot start {program}: {e.Message}");
        }
    }

    private static string? Find() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Prepend(AppContext.BaseDirectory)
            .Select(folder => Path.Combine(folder, Name)).FirstOrDefault(File.Exists);
}
