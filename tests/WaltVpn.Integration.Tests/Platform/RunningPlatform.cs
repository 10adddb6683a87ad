using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Shouldly;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Platform;

/// <summary>
/// A whole platform, started by <c>scripts/lib/platform</c>, whose head draws it: sshd, waltvpnd, waltvpn-hub, the CA and both DHCP servers, each
/// started again when it dies.
/// </summary>
/// <remarks>The tests must run inside <c>scripts/private-host</c>. Policy: manual from afar, auto from 10.77.0.0/24.</remarks>
public sealed class RunningPlatform : IAsyncLifetime
{
    /// <summary>Its folder; sshd takes helpers only from where root alone can write.</summary>
    public const string Folder = "/run/waltvpn-test";

    /// <summary>The server on the way every node can take.</summary>
    public const string PublicAddress = "203.0.113.1";

    /// <summary>The server in the platform's own network.</summary>
    public const string LanAddress = "10.77.0.1";

    /// <summary>Where its sshd listens.</summary>
    public const string SshPort = "2222";

    private const int LinesOnFailure = 40;
    private Process? _process;

    /// <summary>Where the node's settings would come from: key and host keys of <c>waltvpn setup-node</c>.</summary>
    internal ImageSettings Settings { get; private set; } = null!;

    /// <summary>Path of a file in <see cref="Folder"/>.</summary>
    public static string File(string path) => Path.Combine(Folder, path);

    /// <summary>Path of a published program.</summary>
    public static string Program(string name) => RepositoryFolder.File(Path.Combine("artifacts/bin", name));

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        System.IO.File.Exists(Program("waltvpnd")).ShouldBeTrue("artifacts/bin is empty; run scripts/publish");
        var start = new ProcessStartInfo(RepositoryFolder.File("scripts/lib/platform"), [Folder, "sh", "-c", "echo ready; exec cat >/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["WALTVPN_LAN_POLICY"] = "auto";
        // Boards without a token wait for an operator, as under policy manual.
        start.Environment["WALTVPN_REMOTE_POLICY"] = "token";
        _process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        (await _process.StandardOutput.ReadLineAsync(deadline.Token)).ShouldBe("ready", "the platform did not come up; its logs are above");
        Settings = await ImageSettings.Make();
        await Lan.Make();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        _process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(Tool.Deadline);
        await _process.WaitForExitAsync(deadline.Token);
        _process.Dispose();
    }

    /// <summary>Runs <c>waltvpn</c>.</summary>
    internal static Task<ToolResult> Cli(params string[] arguments) => Tool.Run(Program("waltvpn"), ["--socket", File("run/api.sock"), .. arguments]);

    /// <summary>All nodes, as <c>waltvpn node list -o json</c> prints them.</summary>
    internal static async Task<IReadOnlyList<NodeView>> Nodes() => await List("node", ProtocolJson.Default.IReadOnlyListNodeView);

    /// <summary>All requests, as <c>waltvpn request list -o json</c> prints them.</summary>
    internal static async Task<IReadOnlyList<RequestView>> Requests() => await List("request", ProtocolJson.Default.IReadOnlyListRequestView);

    /// <summary>One node.</summary>
    internal static async Task<NodeView> Node(string id) => (await Nodes()).Single(node => node.Id == id);

    /// <summary>Process id of a program now.</summary>
    internal static int Pid(string program) => int.Parse(System.IO.File.ReadAllText(File($"pid/{program}")), CultureInfo.InvariantCulture);

    /// <summary>A program's log from now on.</summary>
    internal static ProgramLog Log(string program) => new(File($"log/{program}"));

    /// <summary>Ends a program without warning, and waits until its successor works.</summary>
    internal static async Task KillAndAwait(string program)
    {
        var former = Pid(program);
        Signal("KILL", former);
        await Eventually.Holds($"{program} started again", () => Pid(program) != former);
        await AwaitAnswers();
    }

    /// <summary>Waits until daemon and hub answer.</summary>
    internal static async Task AwaitAnswers() => await Eventually.Holds(
        "daemon and hub answer",
        async () => (await Cli("node", "list", "-o", "name")).Status == 0 && System.IO.File.Exists(File("run-hub/connect.sock")));

    /// <summary>kill(1).</summary>
    internal static void Signal(string name, int pid)
    {
        using var kill = Process.Start("kill", [$"-{name}", pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>The last lines of every program, for the failure of a test.</summary>
    internal static string Logs()
    {
        var logs = Directory.EnumerateFiles(File("log"))
            .Where(log => !log.Contains("/dhcp-", StringComparison.Ordinal) && !log.EndsWith(".monitor", StringComparison.Ordinal));
        return string.Concat(logs.Select(log =>
            $"--- {Path.GetFileName(log)}\n{string.Join('\n', System.IO.File.ReadLines(log).TakeLast(LinesOnFailure))}\n"));
    }

    private static async Task<T> List<T>(string noun, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        var result = await Cli(noun, "list", "-o", "json");
        result.Status.ShouldBe(0, result.Errors);
        return JsonSerializer.Deserialize(result.Output, type)!;
    }
}
