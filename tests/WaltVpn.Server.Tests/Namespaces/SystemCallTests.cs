using System.Diagnostics;
using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>What a real waltvpnd asks the kernel for, and what it makes of errors: seen, and made, by strace(1).</summary>
public sealed class SystemCallTests
{
    private const int Requests = 10_000;

    /// <summary>docs/security.md HTTP-3.</summary>
    [Fact]
    public async Task NoPublicRequestStartsAProgramOpensAConnectionOrReadsAKey()
    {
        Require();
        var port = HttpCaller.FreePort();
        await using var platform = await TestPlatform.Start(settings => settings with { Http = new IPEndPoint(IPAddress.Loopback, port) });
        await platform.StopDaemon();
        using var daemon = new DaemonProcess(platform.Settings, Path.Combine(platform.Folder, "traced"));
        var trace = Path.Combine(platform.Folder, "trace");
        await daemon.Start(
            platform.Settings.LoginSocket,
            "--seccomp-bpf", "-qq", "-o", trace, "-e", "trace=execve,execveat,fork,vfork,clone,clone3,socket,connect,open,openat,openat2");
        var caller = new HttpCaller(port);
        var forms = Hostile(port).ToList();
        // The first of each kind loads code.
        foreach (var form in forms) await caller.Send(form);
        var before = new FileInfo(trace).Length;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Requests),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = TestContext.Current.CancellationToken },
            async (number, _) => (await caller.Send(forms[number % forms.Count])).ShouldMatch("^HTTP/1.1 (?!429)"));
        (await caller.Ask()).ShouldStartWith("HTTP/1.1 200 ");
        var after = new FileInfo(trace).Length;
        // The trace sees what it is to see: an enrolment does start programs.
        (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Status.ShouldBe(EnrollmentStatus.Accepted);
        daemon.Kill();
        var text = await File.ReadAllTextAsync(trace, TestContext.Current.CancellationToken);
        text[(int)after..].ShouldContain("execve(");
        text[(int)before..(int)after].Split('\n').Where(call => !IsHarmless(call, platform.Settings)).ShouldBeEmpty();
    }

    /// <summary>docs/security.md CERT-7: the disk fails under the new revocation list, at each step of its making.</summary>
    [Theory]
    [InlineData("openat")]
    [InlineData("copy_file_range,sendfile,write,pwrite64")]
    [InlineData("read,pread64")]
    [InlineData("fsync")]
    [InlineData("rename")]
    public async Task ListThatTheDiskFailsUnderLeavesTheOldOneAndTheNodeStaysOut(string calls)
    {
        Require();
        await using var platform = await TestPlatform.Start();
        await platform.StopDaemon();
        using var daemon = new DaemonProcess(platform.Settings, Path.Combine(platform.Folder, "traced"));
        await daemon.Start(platform.Settings.LoginSocket);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity.ShouldNotBeNull();
        var list = await File.ReadAllBytesAsync(platform.Settings.RevocationListFile, TestContext.Current.CancellationToken);

        var trace = Path.Combine(platform.Folder, "trace");
        await using (await Attach(daemon.Id, "-o", trace, "-P", platform.Settings.RevocationListFile + ".new", "-e", $"inject={calls}:error=EIO"))
        {
            (await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/revoke")).Body.ShouldContain("revocation list");
        }

        (await File.ReadAllTextAsync(trace, TestContext.Current.CancellationToken)).ShouldContain("EIO (Input/output error) (INJECTED)");
        (await platform.Login(identity)).Allowed.ShouldBeFalse();
        (await File.ReadAllBytesAsync(platform.Settings.RevocationListFile, TestContext.Current.CancellationToken)).ShouldBe(list);

        // The disk is well again: at its next start the daemon makes the list that its records ask for.
        daemon.Kill();
        await daemon.Start(platform.Settings.LoginSocket);
        (await platform.Login(identity)).Allowed.ShouldBeFalse();
        (await File.ReadAllBytesAsync(platform.Settings.RevocationListFile, TestContext.Current.CancellationToken)).ShouldNotBe(list);
    }

    private static IEnumerable<string> Hostile(int port)
    {
        var node = $"{Routes.Boot}/{new string('0', 32)}";
        string[] methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT", "X"];
        string[] paths =
        [
            .. Traversal.Forms($"http://127.0.0.1:{port}", node, $"{node}/boot.img"), Routes.ServerName, Routes.Nodes, Routes.NodeSettings, $"{node}/boot.img",
            $"{node}/boot.sig", $"{Routes.LegacyPerIp}/10-9-0-7/boot.img", "/walt-vpn/enroll", "/walt-vpn/node-conf/ssh-pubkey",
            $"{Routes.Boot}/$(reboot)/boot.sig", $"{Routes.Boot}/;reboot;/boot.sig", $"{Routes.Boot}/`reboot`/boot.sig", $"{Routes.Boot}/'--/boot.sig", "*", "",
        ];
        var number = 0;
        foreach (var path in paths)
        {
            yield return $"{methods[number++ % methods.Length]} {path} HTTP/1.1\r\nHost: $(reboot)\r\nX-Forwarded-For: 10.9.0.7\r\nConnection: close\r\n\r\n";
            yield return $"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 40\r\nConnection: close\r\n\r\nssh_pubkey=ssh-ed25519+AAAA&mac={number:00000000}";
        }
    }

    /// <summary>
    /// Another half of a call, another thread, its own code and records, what the runtime reads of the kernel, and the looks at hub, list and CA of
    /// every few seconds. A certificate would take an execve.
    /// </summary>
    private static bool IsHarmless(string call, ServerSettings settings)
    {
        bool Has(string text) => call.Contains(text, StringComparison.Ordinal);
        var opens = Has(" open");
        return !Has("(") || Has(" resumed>") || Has("CLONE_THREAD") || Has("socket(AF_UNIX")
            || (Has("connect(") && (Has($"\"{settings.HubControlSocket}\"") || Has($"\"{settings.CaAgentSocket}\"")))
            || (opens && (Has($"\"{settings.DatabaseFile}") || Has($"\"{settings.RevocationListFile}\"") || Has($"\"{settings.CaPublicKeyFile}\"")))
            || (opens && (Has(".dll\"") || Has(".so\"")))
            || (opens && (Has("\"/proc/") || Has("\"/sys/")) && !Has("environ") && !Has("/mem\""));
    }

    /// <summary>Returns when strace has the daemon; disposing takes it off.</summary>
    private static async Task<IAsyncDisposable> Attach(int process, params string[] options)
    {
        var strace = Process.Start(new ProcessStartInfo("strace", ["-f", "-p", $"{process}", .. options]) { RedirectStandardError = true })!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var said = await strace.StandardError.ReadLineAsync(deadline.Token);
        said.ShouldNotBeNull().ShouldContain("attached");
        return new Attached(strace, strace.StandardError.ReadToEndAsync());
    }

    private static void Require()
    {
        PrivateHost.Require();
        Assert.SkipUnless(File.Exists("/usr/bin/strace"), "needs strace");
    }

    private sealed class Attached(Process strace, Task<string> said) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            // On SIGTERM it lets its process go first.
            await Shell.Run("kill", [$"{strace.Id}"]);
            await said.WaitAsync(TimeSpan.FromSeconds(60));
            strace.Dispose();
        }
    }
}
