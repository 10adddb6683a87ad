using System.Diagnostics;

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>waltvpn-image as a process of its own, as an operator runs it.</summary>
internal static class ImageProgram
{
    /// <summary>Built beside the tests.</summary>
    public static string Path { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "waltvpn-image");

    /// <summary>The machine's own cache, as the program finds it.</summary>
    public static string DefaultCache { get; } = System.IO.Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") ?? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"), "waltvpn");

    public static Task<(int Status, string Output, string Errors)> RunAsync(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string?>? environment = null) =>
        HostProgram.RunAsync(Path, arguments, environment: environment);

    public static Process Start(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string?>? environment = null) =>
        HostProgram.Start(Path, arguments, environment: environment);
}
