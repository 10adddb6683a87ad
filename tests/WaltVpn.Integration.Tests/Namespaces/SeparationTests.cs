using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>Whatever breaks of ours stops the nodes and nobody else: docs/security.md SSH-1.</summary>
/// <remarks><code>
///   administrator ── ssh (own key) ═══╗
///                                     sshd ── Match User walt-vpn: list ✗, CA ✗, helper ✗, daemon ✗
///   node ────────── ssh (certificate) ╝
/// </code></remarks>
public sealed class SeparationTests(RunningPlatform platform) : PlatformTest(platform)
{
    private static string List => RunningPlatform.File("state/revoked.krl");

    private static string Authority => RunningPlatform.File("ca/ca_key.pub");

    private static string Helper => RunningPlatform.File("bin/waltvpn-hub");

    [Fact]
    public Task GarbageAsList() => OnlyNodesAreRefused(() => Overlay.Text(List, "garbage"));

    [Fact]
    public Task ListCutShort() => OnlyNodesAreRefused(async () => await Overlay.Text(List, (await File.ReadAllTextAsync(List, Cancellation))[..5]));

    [Fact]
    public Task GarbageAsAuthority() => OnlyNodesAreRefused(() => Overlay.Text(Authority, "garbage"));

    [Fact]
    public Task NoAuthority() => OnlyNodesAreRefused(() => Overlay.Empty(Authority));

    [Fact]
    public Task HelperThatFails() => OnlyNodesAreRefused(() => Overlay.File(Helper, "/bin/false"));

    [Fact]
    public Task HelperThatSucceedsAndSaysNothing() => OnlyNodesAreRefused(() => Overlay.File(Helper, "/bin/true"));

    [Fact]
    public Task HelperThatIsNoProgram() => OnlyNodesAreRefused(() => Overlay.Text(Helper, "garbage"));

    [Fact]
    public Task DaemonThatHangs() => OnlyNodesAreRefused(() => Task.FromResult<IDisposable>(new Stopped("waltvpnd")));

    [Fact]
    public Task MissingListAndHangingDaemon() => OnlyNodesAreRefused(() =>
    {
        var stopped = new Stopped("waltvpnd");
        File.Delete(List);
        return Task.FromResult<IDisposable>(stopped);
    });

    private async Task OnlyNodesAreRefused<T>(Func<Task<T>> breaking)
        where T : IDisposable
    {
        var (node, administrator) = (await NewNode(), await Administrator());
        (await node.Ssh.Run(TunnelCommand.GetServerHostname)).Status.ShouldBe(0);
        using (await breaking())
        {
            (await node.Ssh.Run(TunnelCommand.GetServerHostname)).Errors.ShouldContain("Permission denied");
            (await administrator.Run("echo in")).Output.ShouldBe("in\n");
        }

        await Eventually.Holds("the node logs in again", async () => (await node.Ssh.Run(TunnelCommand.GetServerHostname)).Status == 0);
    }

    /// <summary>root, with a key of the ordinary kind in the ordinary place.</summary>
    private async Task<SshClient> Administrator()
    {
        var person = await NewBoard();
        await File.WriteAllTextAsync(RunningPlatform.File("etc/authorized_keys/root"), person.PublicKey + "\n", Cancellation);
        return person.SshWithoutCertificate with { User = "root" };
    }

    private sealed class Stopped : IDisposable
    {
        private readonly int _pid;

        public Stopped(string program) => RunningPlatform.Signal("STOP", _pid = RunningPlatform.Pid(program));

        public void Dispose() => RunningPlatform.Signal("CONT", _pid);
    }
}
