using System.CommandLine;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.Fetch;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary><c>waltvpn-image sd</c>: its options and their defaults.</summary>
internal static class SdCommand
{
    /// <summary>For the end of its help.</summary>
    public const string Examples = """
        Examples:
          waltvpn-image sd --board qemu-x64 --settings node.yaml --output walt-vpn-node.img
          waltvpn-image sd --board qemu-x64 --settings node.yaml --output walt-vpn-node.img --locked --force
          qemu-system-x86_64 -m 512 -nographic -drive file=walt-vpn-node.img,format=raw

        Beside the image, walt-vpn-node.lock records the packages; --locked takes exactly these again, without network once they were downloaded.
        The same inputs give the same bytes. All dates in the image are SOURCE_DATE_EPOCH when it is set, else the newest date in the packages.
        """;

    public static Command Create()
    {
        var board = PackageOptions.Board();
        Option<string> settings = new("--settings")
        {
            Required = true,
            HelpName = "FILE",
            Description = "what 'waltvpn setup-node' wrote, or the walt-vpn.json of a card",
        };
        Option<string> output = new("--output", "-o") { Required = true, HelpName = "FILE", Description = "the image to make" };
        Option<string?> agent = new("--agent")
        {
            HelpName = "FILE",
            Description = "the agent program; default: waltvpn-agent beside this program or its folder",
        };
        var lockFile = PackageOptions.Lock("the output's name with .lock in place of .img");
        var locked = PackageOptions.Locked();
        var cache = PackageOptions.Cache();
        Option<bool> force = new("--force") { Description = "write over an existing image" };
        Command command = new("sd", "Makes a bootable SD image from Debian packages and the agent. Needs no root.")
        {
            board, settings, output, agent, lockFile, locked, cache, force,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var image = arguments.GetRequiredValue(output);
            var request = new SdImageRequest
            {
                Board = BoardCatalog.Find(arguments.GetRequiredValue(board)),
                Settings = arguments.GetRequiredValue(settings),
                Output = image,
                Agent = arguments.GetValue(agent) ?? DefaultAgent(),
                Lock = arguments.GetValue(lockFile) ?? DefaultLock(image),
                Locked = arguments.GetValue(locked),
                Cache = arguments.GetValue(cache) ?? PackageOptions.DefaultCache(),
                Force = arguments.GetValue(force),
                SourceDateEpoch = SourceDate.Read(),
            };
            await SdImageBuild.RunAsync(request, new Progress(arguments.InvocationConfiguration.Output), cancellation);
            return ExitStatus.Done;
        });
        return command;
    }

    private static string DefaultLock(string image) => (image.EndsWith(".img", StringComparison.Ordinal) ? image[..^".img".Length] : image) + ".lock";

    /// <summary>scripts/publish puts all programs into one folder, or each into its own beside the others.</summary>
    private static string DefaultAgent()
    {
        const string Name = "waltvpn-agent";
        var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        return new[] { Path.Combine(own, Name), Path.Combine(own, "..", Name) }.FirstOrDefault(File.Exists) ?? Path.Combine(own, Name);
    }
}
