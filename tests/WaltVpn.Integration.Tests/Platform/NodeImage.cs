using Shouldly;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>The SD image of the running platform, made once by <c>waltvpn-image</c>; each board gets a card of its own.</summary>
/// <remarks>There is no network in a private host: the packages were fetched before (scripts/test).</remarks>
internal static class NodeImage
{
    private static readonly string s_image = Path.Combine(RunningPlatform.Folder, "node.img");

    /// <summary>Where <c>waltvpn-image fetch</c> has left its record.</summary>
    private static string LockFile => RepositoryFolder.File("artifacts/tests/qemu-x64.lock");

    /// <summary>A card with the image as the builder made it.</summary>
    /// <param name="board">Names the file.</param>
    /// <param name="settings">node.yaml; null: the platform's own.</param>
    public static async Task<string> Card(string board, string? settings = null)
    {
        var card = Path.Combine(RunningPlatform.Folder, $"{board}.img");
        if (settings is not null)
        {
            await Build(settings, card);
            return card;
        }

        if (!File.Exists(s_image)) await Build(ImageSettings.YamlFile, s_image);
        await Tool.Succeed("cp", "--sparse=always", s_image, card);
        return card;
    }

    /// <summary>Runs mtools on the card's boot partition.</summary>
    public static Task<string> Mtools(string program, string card, params string[] arguments) => Tool.Succeed(program, ["-i", $"{card}@@1M", .. arguments]);

    private static async Task Build(string settings, string output)
    {
        File.Exists(LockFile).ShouldBeTrue($"{LockFile} is missing; scripts/test qemu makes it");
        await Tool.Succeed(
            RunningPlatform.Program("waltvpn-image"),
            "sd", "--board", "qemu-x64", "--settings", settings, "--output", output, "--force", "--locked", "--lock", LockFile);
    }
}
