using Shouldly;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>What an image would hold, in the files ssh wants.</summary>
/// <param name="EnrollmentKey">Path of the private key.</param>
/// <param name="KnownHosts">Path of the pinned host key.</param>
internal sealed record ImageSettings(string EnrollmentKey, string KnownHosts)
{
    /// <summary>What <c>waltvpn setup-node</c> wrote.</summary>
    public const string YamlFile = $"{Folder}/node.yaml";

    private const string Folder = "/run/waltvpn-image";

    /// <summary>Asks the platform as an operator does: <c>waltvpn setup-node</c>.</summary>
    public static async Task<ImageSettings> Make()
    {
        Directory.CreateDirectory(Folder);
        (await RunningPlatform.Cli("setup-node", "--force", "--output", YamlFile)).Status.ShouldBe(0);
        return await Read(await File.ReadAllLinesAsync(YamlFile), Folder);
    }

    /// <summary>Takes the lines of such a file apart.</summary>
    public static async Task<ImageSettings> Read(IReadOnlyCollection<string> lines, string folder)
    {
        Directory.CreateDirectory(folder);
        var settings = new ImageSettings(Path.Combine(folder, "enrollment_key"), Path.Combine(folder, "known_hosts"));
        var key = lines.SkipWhile(line => line != "enrollmentKey: |").Skip(1)
            .TakeWhile(line => line.StartsWith("  ", StringComparison.Ordinal))
            .Select(line => line.Trim());
        var hostKey = lines.Single(line => line.StartsWith("  - \"ssh-ed25519 ", StringComparison.Ordinal)).Trim(' ', '-', '"');
        await File.WriteAllTextAsync(settings.EnrollmentKey, string.Join('\n', key) + "\n");
        File.SetUnixFileMode(settings.EnrollmentKey, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(settings.KnownHosts, $"waltvpn-server {hostKey}\n");
        return settings;
    }
}
