using Shouldly;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>The SD image of the running platform, made once by <c>waltvpn-image</c>; each board gets a card of its own.</summary>
/// <remarks>There is no network in a private host: the packages were fetched before (scripts/test).</remarks>
internal static class NodeImage
{
    private static readonly string s_image = Path.Combine(RunningPlatform.Folder, "node.img");

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

    /// <summary>A card for an emulated Raspberry Pi, with the agent that brings a runtime for tests.</summary>
    /// <param name="name">Names the file.</param>
    /// <param name="board">As <c>waltvpn-image --board</c> has it.</param>
    public static async Task<string> PiCard(string name, string board)
    {
        // Unpacking a kernel's modules takes most of it.
        var limit = TimeSpan.FromMinutes(10);
        var (card, agent) = (Path.Combine(RunningPlatform.Folder, $"{name}.img"), RepositoryFolder.File("artifacts/tests/waltvpn-agent-arm64"));
        File.Exists(agent).ShouldBeTrue($"{agent} is missing; scripts/test qemu makes it");
        await Build(board, ImageSettings.YamlFile, card, limit, "--agent", agent, "--test-runtime");
        return card;
    }

    /// <summary>Runs mtools on the card's boot partition.</summary>
    public static Task<string> Mtools(string program, string card, params string[] arguments) => Tool.Succeed(program, ["-i", $"{card}@@1M", .. arguments]);

    private static Task Build(string settings, string output) => Build("qemu-x64", settings, output, Tool.Deadline);

    private static async Task Build(string board, string settings, string output, TimeSpan limit, params string[] more)
    {
        // Where waltvpn-image fetch has left its record.
        var recorded = RepositoryFolder.File($"artifacts/tests/{board}.lock");
        File.Exists(recorded).ShouldBeTrue($"{recorded} is missing; scripts/test qemu makes it");
        await Tool.SucceedWithin(
            limit,
            RunningPlatform.Program("waltvpn-image"),
            ["sd", "--board", board, "--settings", settings, "--output", output, "--force", "--locked", "--lock", recorded, .. more]);
    }
}
