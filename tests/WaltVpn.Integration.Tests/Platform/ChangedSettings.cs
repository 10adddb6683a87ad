using Shouldly;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>The platform with another server.yaml, until this is disposed.</summary>
internal sealed class ChangedSettings : IAsyncDisposable
{
    private static readonly string s_file = RunningPlatform.File("etc/server.yaml");
    private readonly string _before = File.ReadAllText(s_file);

    private ChangedSettings()
    {
    }

    /// <summary>Keeps what there is.</summary>
    public static ChangedSettings Keep() => new();

    /// <summary>Changes it, and starts the daemon again.</summary>
    public static async Task<ChangedSettings> Make(Func<string, string> change)
    {
        var kept = new ChangedSettings();
        await Change(change);
        return kept;
    }

    /// <summary>Changes what there is now.</summary>
    public static async Task Change(Func<string, string> change)
    {
        var settings = await File.ReadAllTextAsync(s_file);
        change(settings).ShouldNotBe(settings);
        await File.WriteAllTextAsync(s_file, change(settings));
        await RestartDaemon();
    }

    /// <summary>A new key pair for boot files.</summary>
    public static async Task MakeBootKey()
    {
        var folder = RunningPlatform.File("etc/boot");
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        (await RunningPlatform.Cli("boot", "make-key", "--folder", folder)).Status.ShouldBe(0);
    }

    public async ValueTask DisposeAsync()
    {
        await File.WriteAllTextAsync(s_file, _before);
        await RestartDaemon();
    }

    private static async Task RestartDaemon()
    {
        var former = RunningPlatform.Pid("waltvpnd");
        RunningPlatform.Signal("TERM", former);
        await Eventually.Holds("another daemon runs", () => RunningPlatform.Pid("waltvpnd") != former);
        await RunningPlatform.AwaitAnswers();
    }
}
