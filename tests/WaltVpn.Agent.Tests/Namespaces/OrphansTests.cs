using System.Diagnostics;
using Shouldly;
using Xunit;

namespace WaltVpn.Agent.Tests.Namespaces;

/// <summary>
/// <code>
/// unshare --pid ── PID 1: orphan-scenario ── 50 x sh, exits 7 ── sleep (orphaned, reaped by PID 1)
/// </code>
/// </summary>
public sealed class OrphansTests
{
    [Fact]
    public async Task OrphansAreReapedAndOwnChildrenKeepTheirStatus()
    {
        string[] arguments = ["--pid", "--fork", "--kill-child", "--mount-proc", Environment.ProcessPath!, OrphanScenario.Name];
        using var process = Process.Start(new ProcessStartInfo("unshare", arguments) { RedirectStandardOutput = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        (await process.StandardOutput.ReadToEndAsync(deadline.Token)).Trim().ShouldBe($"own {OrphanScenario.Rounds}, left 0");
    }
}
