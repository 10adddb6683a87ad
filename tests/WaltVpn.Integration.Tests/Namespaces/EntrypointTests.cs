using System.Net;
using System.Net.Sockets;
using Shouldly;
using WaltVpn.Integration.Tests.Platform;
using Xunit;

namespace WaltVpn.Integration.Tests.Namespaces;

/// <summary><c>waltvpn entrypoint test ssh</c> against the platform's sshd and against what may stand in its place.</summary>
public sealed class EntrypointTests(RunningPlatform platform) : PlatformTest(platform)
{
    [Fact]
    public async Task TheServersSshdIsRecognisedAndNothingIsAsked()
    {
        var requests = (await RunningPlatform.Requests()).Count;
        foreach (string[] host in (string[][])[[], [$"{RunningPlatform.LanAddress}:{RunningPlatform.SshPort}"]])
        {
            var result = await RunningPlatform.Cli(["entrypoint", "test", "ssh", .. host]);
            result.Status.ShouldBe(0, result.Output + result.Errors);
            result.Output.ShouldContain("takes the enrolment key");
        }

        (await RunningPlatform.Requests()).Count.ShouldBe(requests);
    }

    [Fact]
    public async Task WhatIsNotTheServerIsToldApart()
    {
        await FindsOut("127.0.0.1:9", "nothing listens there");
        await FindsOut("no-such-host.invalid", "the name is not known here");
        using (var silent = Listener(out var port)) await FindsOut($"127.0.0.1:{port}", "no answer");
        using (var closing = Listener(out var port))
        {
            var accepting = Task.Run(async () => (await closing.AcceptAsync(Cancellation)).Dispose(), Cancellation);
            await FindsOut($"127.0.0.1:{port}", "takes the connection and closes it");
            await accepting;
        }
    }

    [Fact]
    public async Task AnotherMachinesHostKeyIsNamed()
    {
        var folder = Directory.CreateTempSubdirectory("waltvpn-").FullName;
        await Tool.Succeed("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", $"{folder}/host");
        using var listener = Listener(out var port);
        listener.Dispose();
        using var sshd = Tool.Start("/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", $"{folder}/host", "-o", $"ListenAddress=127.0.0.1:{port}", "-o", "PidFile=none");
        try
        {
            // Its first line says that it listens.
            using var deadline = new CancellationTokenSource(Tool.Deadline);
            (await sshd.StandardError.ReadLineAsync(deadline.Token)).ShouldNotBeNull().ShouldContain("listening");
            await FindsOut($"127.0.0.1:{port}", "shows a host key that is none of the server");
        }
        finally
        {
            sshd.Kill(entireProcessTree: true);
            await sshd.WaitForExitAsync(CancellationToken.None);
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task FindsOut(string host, string finding)
    {
        var result = await RunningPlatform.Cli("entrypoint", "test", "ssh", host);
        result.Status.ShouldBe(1, result.Output + result.Errors);
        result.Output.ShouldContain(finding);
    }

    private static Socket Listener(out int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }
}
