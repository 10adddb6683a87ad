using System.Diagnostics;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary>What an SSH client may ask of a server, and a node may not: docs/security.md SSH-3.</summary>
/// <remarks><code>
///   netns site: ssh with a node certificate, ssh with the enrolment key ═══ sshd: restrict, DisableForwarding, MaxSessions 1
/// </code></remarks>
public sealed class SshRequestsTests(RunningPlatform platform) : PlatformTest(platform)
{
    private const string Prohibited = "administratively prohibited";
    private const string NoTunnel = "Server has rejected tunnel device forwarding";
    private const string NoRemoteForward = "remote port forwarding failed";

    /// <summary>What is asked, the options that ask it, and how ssh reports the refusal; each with both credentials.</summary>
    public static TheoryData<string, string, bool> Refusals
    {
        get
        {
            var data = new TheoryData<string, string, bool>();
            (string Options, string Refusal)[] requests =
            [
                ("-R 9001:127.0.0.1:22", NoRemoteForward),
                ("-R 0.0.0.0:9002:127.0.0.1:22", NoRemoteForward),
                ("-R 0:127.0.0.1:22", NoRemoteForward),
                ("-R 9003", NoRemoteForward),
                ("-R /run/reverse.sock:127.0.0.1:22", NoRemoteForward),
                ("-R 9004:/run/waltvpn-test/run/api.sock", NoRemoteForward),
                ("-R *:9005:127.0.0.1:22", NoRemoteForward),
                ("-R [::1]:9006:127.0.0.1:22", NoRemoteForward),
                ("-W 127.0.0.1:2222", Prohibited),
                ("-W [::1]:2222", Prohibited),
                ("-W 127.0.0.1:8080", Prohibited),
                ("-W 10.77.0.1:53", Prohibited),
                ("-W localhost:22", Prohibited),
                ("-tt", "PTY allocation request failed"),
                ("-X", "X11 forwarding request failed"),
                ("-Y", "X11 forwarding request failed"),
                ("-v -w any:any", NoTunnel),
                ("-v -o Tunnel=ethernet -w any:any", NoTunnel),
                ("-s", "subsystem request failed"),
            ];
            foreach (var (options, refusal) in requests)
            {
                data.Add(options, refusal, true);
                data.Add(options, refusal, false);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task RequestIsRefused(string options, string refusal, bool withCertificate)
    {
        var way = await Credential(withCertificate);
        var command = options.StartsWith("-W", StringComparison.Ordinal) ? null : TunnelCommand.GetServerHostname;
        var result = await way.Run(command, ["-o", "ExitOnForwardFailure=yes", .. options.Split(' ')]);
        result.Errors.ShouldContain(refusal);
    }

    [Theory]
    [InlineData("-L", "9101:127.0.0.1:2222", "refused local port forward", true)]
    [InlineData("-L", "9101:127.0.0.1:2222", "refused local port forward", false)]
    [InlineData("-L", "9101:/run/waltvpn-test/run/api.sock", "refused streamlocal port forward", true)]
    [InlineData("-L", "9101:/run/waltvpn-test/run/api.sock", "refused streamlocal port forward", false)]
    [InlineData("-D", "9101", "refused local port forward", true)]
    [InlineData("-D", "9101", "refused local port forward", false)]
    public async Task LocalForwardOpensNoChannel(string kind, string forward, string refusal, bool withCertificate)
    {
        var sshd = RunningPlatform.Log("sshd");
        var way = await Credential(withCertificate);
        using var ssh = Tool.Start("ip", way.Arguments([kind, forward, "-N"], null));
        try
        {
            var target = kind == "-D" ? "SOCKS4:127.0.0.1:127.0.0.1:2222,socksport=9101" : "TCP:127.0.0.1:9101";
            await Eventually.Holds($"sshd says '{refusal}'", async () =>
            {
                await Tool.Run("ip", "netns", "exec", "site", "socat", "-T", "5", "STDIO", target);
                return sshd.Text.Contains(refusal, StringComparison.OrdinalIgnoreCase);
            });
        }
        finally
        {
            ssh.Kill();
        }

        (await ssh.StandardError.ReadToEndAsync(Cancellation)).ShouldContain("open failed");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task SecondSessionOnOneConnectionIsRefused(bool withCertificate)
    {
        var way = await Credential(withCertificate);
        var socket = $"/run/master-{withCertificate}";
        using var master = Tool.Start("ip", way.Arguments(["-M", "-S", socket], null));
        await Eventually.Holds("the first session runs", () => ServerProcesses.Having(Forced(withCertificate)).Count == 1);
        // Without the master there is no other way in: a fall-back cannot look like an answer.
        var second = await way.Run(TunnelCommand.GetServerHostname, "-S", socket, "-o", "ProxyCommand=false");
        second.Output.ShouldBe("");
        second.Errors.ShouldContain("Session open refused by peer");
        ServerProcesses.Having(Forced(withCertificate)).Count.ShouldBe(1);
        await End(master, withCertificate);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NeitherAgentNorEnvironmentComesAlong(bool withCertificate)
    {
        var way = await Credential(withCertificate);
        string[] options =
        [
            "-o", $"ForwardAgent={RunningPlatform.File("ca/private.sock")}",
            "-o", "SetEnv=LC_ALL=evil LD_PRELOAD=evil.so WALTVPN_TICKET=evil SSH_ORIGINAL_COMMAND=evil",
        ];
        using var ssh = Tool.Start("ip", way.Arguments(options, null));
        await Eventually.Holds("the session runs", () => ServerProcesses.Having(Forced(withCertificate)).Count == 1);
        var environment = ServerProcesses.Environment(ServerProcesses.Having(Forced(withCertificate))[0].Pid);
        environment.ShouldContain("SSH_CONNECTION=203.0.113.2");
        environment.ShouldNotContain("evil");
        environment.ShouldNotContain("SSH_AUTH_SOCK");
        environment.ShouldNotContain("DISPLAY");
        await End(ssh, withCertificate);
    }

    [Fact]
    public async Task SftpIsOneOfTheCommandsThatAreRefused()
    {
        var node = await NewNode();
        var result = await node.Ssh.Run("sftp", "-s");
        result.Status.ShouldBe(1);
        result.Output.ShouldBe("");
    }

    private static string Forced(bool withCertificate) => withCertificate ? ServerProcesses.Connect : ServerProcesses.Enroll;

    private async Task<SshClient> Credential(bool withCertificate) => withCertificate ? (await NewNode()).Ssh : (await NewBoard()).Enrollment;

    private static async Task End(Process ssh, bool withCertificate)
    {
        ssh.Kill();
        await Eventually.Holds("the session ended", () => ServerProcesses.Having(Forced(withCertificate)).Count == 0);
    }
}
