using System.Diagnostics;
using Shouldly;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>Boot images of the running platform, published as an operator does.</summary>
internal static class PublishedImage
{
    private static string Keys => RunningPlatform.File("etc/boot");

    /// <summary>Makes the platform's boot key, anew when there is one.</summary>
    /// <returns>Path of the settings of cards that start what is signed with it.</returns>
    public static async Task<string> MakeKey()
    {
        if (Directory.Exists(Keys)) Directory.Delete(Keys, recursive: true);
        (await RunningPlatform.Cli("boot", "make-key", "--folder", Keys)).Status.ShouldBe(0);
        var settings = RunningPlatform.File("two-stage.yaml");
        (await RunningPlatform.Cli("setup-node", "--force", "--output", settings)).Status.ShouldBe(0);
        (await File.ReadAllTextAsync(settings)).ShouldContain($"httpEntrypoint: \"{RunningPlatform.PublicAddress}\"");
        return settings;
    }

    /// <summary>Signs and publishes.</summary>
    public static async Task Publish(string board, string image)
    {
        var published = await RunningPlatform.Cli("boot", "publish", "--board", board, "--key", Path.Combine(Keys, "private.pem"), image);
        published.Status.ShouldBe(0, published.Errors);
        published.Output.ShouldStartWith($"{board}: published boot.img ");
    }

    /// <summary>The HTTP entrypoint that the platform's settings name, until it is killed: a plain relay to the daemon's public face.</summary>
    public static async Task<Process> Entrypoint()
    {
        var relay = Tool.Start("socat", $"TCP-LISTEN:80,bind={RunningPlatform.PublicAddress},reuseaddr,fork", "TCP:127.0.0.1:8080");
        await Eventually.Holds("the HTTP entrypoint answers", async () =>
            (await Tool.Run("socat", "-u", "/dev/null", $"TCP:{RunningPlatform.PublicAddress}:80")).Status == 0);
        return relay;
    }
}
