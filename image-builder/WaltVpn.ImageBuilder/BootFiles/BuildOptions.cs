using System.CommandLine;
using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.Fetch;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.BootFiles;

/// <summary>The options of every command that makes an image.</summary>
internal sealed class BuildOptions
{
    private const string AgentName = "waltvpn-agent";

    private readonly Option<string> _board = PackageOptions.Board();
    private readonly Option<string?> _agent = new("--agent")
    {
        HelpName = "FILE",
        Description = "the agent program; default: waltvpn-agent beside this program or its folder",
    };

    private readonly Option<string?> _lock;
    private readonly Option<bool> _locked = PackageOptions.Locked();
    private readonly Option<string?> _cache = PackageOptions.Cache();
    private readonly Option<string?> _mirror = PackageOptions.Mirror();
    private readonly Option<bool> _withVirtualMachine = PackageOptions.WithVirtualMachine();
    private readonly Option<bool> _testRuntime = PackageOptions.TestRuntime();

    /// <param name="lockFallback">What stands for <c>--lock</c> when it is not given, in words.</param>
    public BuildOptions(string lockFallback) => _lock = PackageOptions.Lock(lockFallback);

    /// <summary>Gives them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_board, _agent, _lock, _locked, _cache, _mirror, _withVirtualMachine, _testRuntime]) command.Options.Add(option);
    }

    /// <summary>Reads what was given.</summary>
    /// <param name="defaultLock">The lock file when none is named.</param>
    /// <exception cref="ImageException">There is no such board, or a value is not of its form.</exception>
    public BuildInputs Read(ParseResult arguments, string defaultLock)
    {
        var board = PackageOptions.BoardOf(arguments, _board, _withVirtualMachine);
        return new BuildInputs
        {
            Board = board,
            Agent = arguments.GetValue(_agent) ?? DefaultAgent(board),
            TestRuntime = arguments.GetValue(_testRuntime),
            Lock = arguments.GetValue(_lock) ?? defaultLock,
            Locked = arguments.GetValue(_locked),
            Cache = arguments.GetValue(_cache) ?? PackageOptions.DefaultCache(),
            Mirror = PackageSources.Check(arguments.GetValue(_mirror)),
            SourceDateEpoch = SourceDate.Read(),
        };
    }

    /// <summary>
    /// scripts/publish puts all programs into one folder, or each into its own beside the others; those for another processor beside that folder.
    /// </summary>
    private static string DefaultAgent(Board board)
    {
        var own = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
        string[] places = board.Architecture == "amd64"
            ? [Path.Combine(own, AgentName), Path.Combine(own, "..", AgentName)]
            : [$"{own}-linux-{board.Architecture}/{AgentName}"];
        return places.FirstOrDefault(File.Exists) ?? places[0];
    }
}
