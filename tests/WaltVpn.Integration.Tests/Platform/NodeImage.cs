using Shouldly;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>The SD image of the running platform, made once by <c>waltvpn-image</c>; each board gets a card of its own.</summary>
/// <remarks>There is no network in a private host: the packages were fetched before (scripts/test).</remarks>
internal static class NodeImage
{
    /// <summary>For a board whose kernel is made for the first time: thousands of modules are unpacked.</summary>
    private static readonly TimeSpan ForKernel = TimeSpan.FromMinutes(10);

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

    /// <summary>A card of a node in mode vm, with QEMU on it.</summary>
    /// <param name="name">Names the file.</param>
    /// <param name="settings">node.yaml with <c>mode: vm</c>.</param>
    public static async Task<string> CardWithVirtualMachine(string name, string settings)
    {
        var card = Path.Combine(RunningPlatform.Folder, $"{name}.img");
        await Tool.SucceedWithin(
            ForKernel,
            RunningPlatform.Program("waltvpn-image"),
            ["sd", "--board", "qemu-x64", "--with-vm", "--settings", settings, "--output", card, "--force", "--locked", "--lock", Recorded("qemu-x64-vm")]);
        return card;
    }

    /// <summary>A card as the operator of the server makes it, by <c>waltvpn setup-node --board</c>, with all that the server knows now.</summary>
    public static async Task<string> CardInOneStep(string name)
    {
        var card = Path.Combine(RunningPlatform.Folder, $"{name}.img");
        await Tool.SucceedWithin(
            ForKernel,
            RunningPlatform.Program("waltvpn"),
            "--socket", RunningPlatform.File("run/api.sock"), "setup-node", "--board", "qemu-x64", "--output", card, "--",
            "--locked", "--lock", Recorded("qemu-x64"));
        Directory.GetFiles(RunningPlatform.Folder).Where(file => file.StartsWith($"{card}.", StringComparison.Ordinal))
            .ShouldBe([$"{card}.sha256"], "the settings lie nowhere else");
        return card;
    }

    /// <summary>A card for an emulated Raspberry Pi, with the agent that brings a runtime for tests.</summary>
    /// <param name="name">Names the file.</param>
    /// <param name="board">As <c>waltvpn-image --board</c> has it.</param>
    /// <param name="settings">node.yaml; null: the platform's own.</param>
    public static async Task<string> PiCard(string name, string board, string? settings = null)
    {
        var card = Path.Combine(RunningPlatform.Folder, $"{name}.img");
        await Build(board, settings ?? ImageSettings.YamlFile, card, ForKernel, "--agent", PiAgent(), "--test-runtime");
        return card;
    }

    /// <summary>The boot.img of a board, for an emulated one with the agent that brings a runtime for tests; not signed.</summary>
    /// <returns>Path of the image, which is made once.</returns>
    public static async Task<string> BootImage(string board)
    {
        var folder = Path.Combine(RunningPlatform.Folder, $"boot-{board}");
        if (File.Exists(Path.Combine(folder, "boot.img"))) return Path.Combine(folder, "boot.img");
        await Tool.SucceedWithin(
            ForKernel,
            RunningPlatform.Program("waltvpn-image"),
            ["boot-img", "--board", board, "--output", folder, "--force", "--locked", "--lock", Recorded(board),
            .. board == "qemu-x64" ? Array.Empty<string>() : ["--agent", PiAgent(), "--test-runtime"]]);
        return Path.Combine(folder, "boot.img");
    }

    /// <summary>Runs mtools on the card's boot partition.</summary>
    public static Task<string> Mtools(string program, string card, params string[] arguments) => Tool.Succeed(program, ["-i", $"{card}@@1M", .. arguments]);

    private static Task Build(string settings, string output) => Build("qemu-x64", settings, output, Tool.Deadline);

    private static async Task Build(string board, string settings, string output, TimeSpan limit, params string[] more)
    {
        await Tool.SucceedWithin(
            limit,
            RunningPlatform.Program("waltvpn-image"),
            ["sd", "--board", board, "--settings", settings, "--output", output, "--force", "--locked", "--lock", Recorded(board), .. more]);
    }

    // Where waltvpn-image fetch has left its record.
    private static string Recorded(string board) => Existing($"artifacts/tests/{board}.lock");

    private static string PiAgent() => Existing("artifacts/tests/waltvpn-agent-arm64");

    private static string Existing(string path)
    {
        var whole = RepositoryFolder.File(path);
        File.Exists(whole).ShouldBeTrue($"{whole} is missing; scripts/test qemu makes it");
        return whole;
    }
}
