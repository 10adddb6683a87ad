using System.Diagnostics;
using System.Text.Json;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Cli;

/// <summary>waltvpn as a process of its own, in front of a real daemon.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task ExitStatusSaysWhatHappened()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        (await platform.Waltvpn("node", "list", "-o", "name")).ShouldBe((0, identity.Name + "\n"));
        (await platform.Waltvpn("node", "show", identity.NodeId[..8], "-o", "json")).Output.ShouldContain(identity.NodeId);
        (await platform.Waltvpn("node", "show", "nobody")).Status.ShouldBe(3);
        (await platform.Waltvpn("node", "shwo")).Status.ShouldBe(2);
        (await platform.Waltvpn("node", "rename", identity.Name, "Bad Name")).Status.ShouldBe(2);
        // What a script's empty variable leaves of a command must not be a node, though there is one only.
        foreach (var slip in (string[])["", identity.NodeId[..1], identity.NodeId[..3]])
            (await platform.Waltvpn("node", "revoke", slip, "--yes")).Status.ShouldBe(slip.Length == 0 ? 2 : 3, slip);
        (await platform.Waltvpn("node", "list", "-o", "json")).Output.ShouldContain("\"accepted\"");
        (await platform.Waltvpn("request", "deny", "1")).Status.ShouldBe(4);
        (await platform.Waltvpn("request", "show", "99")).Status.ShouldBe(3);
        (await platform.Waltvpn("--help")).Output.ShouldContain("waltvpn monitor");
        await platform.StopDaemon();
        (await platform.Waltvpn("node", "list")).Status.ShouldBe(5);
        (await platform.Waltvpn("monitor")).Status.ShouldBe(5);
    }

    [Theory]
    [InlineData("node list --foo", "'--foo'", "--output FORMAT")]
    [InlineData("node list extra", "'extra'", "--socket PATH")]
    [InlineData("node show one two", "'two'", "'waltvpn node show' takes: NODE, --output FORMAT")]
    [InlineData("node shwo", "'shwo'", "'waltvpn node' takes: list, show, rename, tag, boot-mode, import, expected, disable, enable, revoke, forget, timeline, log, reboot, blink")]
    [InlineData("node", "command", "'waltvpn node' takes: list, show, rename, tag, boot-mode, import, expected, disable, enable, revoke, forget, timeline, log, reboot, blink")]
    [InlineData("--bogus", "'--bogus'", "'waltvpn' takes: monitor, request, node, token, audit, doctor, config, setup, setup-node, setup-http, setup-proxy, entrypoint, boot, backup, completion, man")]
    [InlineData("setup-node --board rpi-9 --output x.img", "no cards for such a board", "--board takes rpi-5-b, rpi-4-b, rpi-3-b-plus, qemu-x64")]
    [InlineData("setup-http --for iis", "'iis'", "--for takes nginx, apache, haproxy or caddy")]
    [InlineData("setup-proxy --next a;b", "'a;b'", "HOST:PORT")]
    [InlineData("setup-proxy --listen 0", "'0'", "2222 or 192.0.2.1:22")]
    [InlineData("setup-proxy --listen $(id)", "'$(id)'", "2222 or 192.0.2.1:22")]
    [InlineData("setup-http", "--for", "'waltvpn setup-http' takes: --for SERVER")]
    [InlineData("node list -o xml", "'xml'", "--output takes table, wide, json, yaml or name")]
    [InlineData("node list -o 1", "'1'", "--output takes table, wide, json, yaml or name")]
    [InlineData("request show three", "'three'", "waltvpn request list")]
    [InlineData("token revoke three", "'three'", "waltvpn token list")]
    [InlineData("token create --expires soon", "'soon'", "30m, 24h, 7d")]
    [InlineData("token create --expires 5y", "'5y'", "30m, 24h, 7d")]
    public async Task WrongUsageNamesTheMistakeAndWhatIsRight(string line, string mistake, string right)
    {
        var (status, output) = await Shell.Try("dotnet", [Program, .. line.Split(' ')]);
        status.ShouldBe(2);
        output.ShouldContain(mistake);
        output.ShouldContain(right);
        output.ShouldContain("--help'");
    }

    [Theory]
    [InlineData("monitor")]
    [InlineData("request")]
    [InlineData("request list", "-o,")]
    [InlineData("request show", "-o,")]
    [InlineData("request accept", "-o,")]
    [InlineData("request deny", "-o,")]
    [InlineData("node")]
    [InlineData("node list", "-o,")]
    [InlineData("node show", "-o,")]
    [InlineData("node rename", "-o,")]
    [InlineData("node tag", "-o,")]
    [InlineData("node import", "-o,")]
    [InlineData("node expected", "")]
    [InlineData("node expected list", "-o,")]
    [InlineData("node expected remove", "-o,")]
    [InlineData("node disable", "-o,")]
    [InlineData("node enable", "-o,")]
    [InlineData("node revoke", "-o,")]
    [InlineData("node forget", "-o,")]
    [InlineData("node timeline", "-o,")]
    [InlineData("node log", "-o,")]
    [InlineData("node reboot", "-o,")]
    [InlineData("node blink", "-o,")]
    [InlineData("token")]
    [InlineData("token create", "-o,")]
    [InlineData("token list", "-o,")]
    [InlineData("token revoke", "-o,")]
    [InlineData("audit")]
    [InlineData("audit list", "-o,")]
    [InlineData("audit verify")]
    [InlineData("audit export")]
    [InlineData("doctor", "-o,")]
    [InlineData("config")]
    [InlineData("config show", "-o,")]
    [InlineData("config get", "-o,")]
    [InlineData("config check")]
    [InlineData("setup-node")]
    [InlineData("setup-http")]
    [InlineData("setup-proxy")]
    [InlineData("entrypoint")]
    [InlineData("entrypoint test")]
    [InlineData("entrypoint test http", "-o,")]
    [InlineData("entrypoint test ssh", "-o,")]
    [InlineData("completion")]
    [InlineData("completion zsh")]
    [InlineData("man")]
    [InlineData("boot")]
    [InlineData("boot list", "-o,")]
    [InlineData("boot publish", "-o,")]
    [InlineData("backup")]
    [InlineData("backup create", "-o,")]
    [InlineData("backup restore", "-o,")]
    [InlineData("backup show", "-o,")]
    public async Task HelpOfEachCommandHasAnExample(string command, string format = "")
    {
        var (status, output) = await Shell.Try("dotnet", [Program, .. command.Split(' '), "--help"]);
        status.ShouldBe(0);
        output.ShouldContain($"Example: waltvpn {command}");
        output.ShouldContain(format);
    }

    [Fact]
    public async Task SecondRevocationSaysSoAndIsNotAuditedAgain()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        (await platform.Waltvpn("node", "revoke", identity.Name, "--yes")).ShouldBe((0, $"{identity.Name} is revoked\n"));
        (await platform.Waltvpn("node", "revoke", identity.Name)).ShouldBe((0, $"{identity.Name} was already revoked\n"));
        platform.Log.Lines.Where(line => line.Contains("revoked by", StringComparison.Ordinal)).ShouldHaveSingleItem();
    }

    /// <summary>Programs that read JSON numbers as doubles, as JavaScript does, would round a serial.</summary>
    [Fact]
    public async Task SerialOfACertificateIsATextInJson()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        var serial = $"\"{SshCertificate.Parse(identity.Certificate).Serial}\"";
        (await platform.Waltvpn("node", "show", identity.Name, "-o", "json")).Output.ShouldContain($"\"certificateSerial\": {serial}");
        var view = (await platform.Api(HttpMethod.Get, $"{Routes.Nodes}/{identity.NodeId}")).Body;
        view.ShouldContain($"\"certificateSerial\":{serial}");
        var asNumber = view.Replace(serial, serial.Trim('"'), StringComparison.Ordinal);
        JsonSerializer.Deserialize(asNumber, ProtocolJson.Default.NodeView).ShouldBe(JsonSerializer.Deserialize(view, ProtocolJson.Default.NodeView));
    }

    [Fact]
    public async Task SettingsForAnImageArePrivateAndNotOverwritten()
    {
        await using var platform = await TestPlatform.Start();
        var file = Path.Combine(platform.Folder, "node.yaml");
        (await platform.Waltvpn("setup-node", "--output", file)).Status.ShouldBe(0);
        File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        var yaml = new YamlDotNet.Serialization.Deserializer().Deserialize<Dictionary<string, object>>(text);
        yaml["platform"].ShouldBe("test");
        yaml["enrollmentKey"].ShouldBe(await File.ReadAllTextAsync(platform.Settings.EnrollmentKeyFile, TestContext.Current.CancellationToken));
        (await platform.Waltvpn("setup-node", "--output", file)).Status.ShouldBe(4);
        (await platform.Waltvpn("setup-node", "--output", file, "--force")).Status.ShouldBe(0);
        Directory.GetFiles(platform.Folder, "node.yaml*").ShouldBe([file]);
        (await platform.Waltvpn("setup-node", "--output", "-")).ShouldBe((0, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)));
    }

    /// <summary>What an operator types goes into a configuration file: a name it is, or it is refused.</summary>
    [Theory]
    [InlineData("boot.example.org;", "192.0.2.1")]
    [InlineData("boot.example.org { }", "192.0.2.1")]
    [InlineData("BOOT.example.org", "192.0.2.1")]
    [InlineData("", "192.0.2.1")]
    [InlineData("boot.example.org", "192.0.2.1; }")]
    [InlineData("boot.example.org", "192.0.2.1:http")]
    [InlineData("boot.example.org", "192.0.2.1\nlisten 8080")]
    [InlineData("boot.example.org", "")]
    public async Task WhatIsNoNameGoesIntoNoSite(string name, string server)
    {
        var (status, output) = await Shell.Try("dotnet", [Program, "setup-http", "--for", "nginx", "--name", name, "--server", server]);
        status.ShouldBe(2, output);
        output.ShouldContain("is no ");
        output.ShouldNotContain("location");
    }

    [Fact]
    public async Task SiteIsFilledInFromTheServersSettings()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { HttpEntrypoint = "boot.example.org" });
        var (status, output) = await platform.Waltvpn("setup-http", "--for", "nginx");
        status.ShouldBe(0, output);
        output.ShouldContain("server_name boot.example.org;");
        output.ShouldContain("proxy_pass http://srv.example.org:");
        output.ShouldNotContain("{{");
    }

    /// <summary>What runs as root on another machine: names and keys of their grammar, or no script.</summary>
    [Fact]
    public async Task ProxyScriptIsFilledInFromTheServersSettingsAndTheShellUnderstandsIt()
    {
        await using var platform = await TestPlatform.Start();
        var file = Path.Combine(platform.Folder, "proxy-setup.sh");
        foreach (string[] kind in (string[][])[["--listen", "192.0.2.7:22"], ["--walt-compatible"], ["--walt-compatible", "--next-host-key", platform.Ca.PublicKeyFile]])
        {
            (await platform.Waltvpn(["setup-proxy", "--force", "--output", file, .. kind])).Status.ShouldBe(0);
            var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
            text.ShouldStartWith("#!/bin/sh\n");
            text.ShouldContain("next_host='srv.example.org' next_port='22'");
            text.ShouldNotContain("{{");
            text.ShouldNotContain("PRIVATE KEY");
            await Shell.Run("sh", ["-n", file]);
            File.GetUnixFileMode(file).HasFlag(UnixFileMode.OtherExecute).ShouldBeTrue();
        }

        (await platform.Waltvpn("setup-proxy", "--output", file)).Status.ShouldBe(4);
        (await platform.Waltvpn("setup-proxy", "--walt-compatible", "--listen", "22", "--output", "-")).Status.ShouldBe(2);
        (await platform.Waltvpn("setup-proxy", "--walt-compatible", "--next-host-key", file, "--output", "-")).Output.ShouldContain("is no public host key");
        (await platform.Waltvpn("setup-proxy", "--output", Path.Combine(platform.Folder, "a;b"))).Status.ShouldBe(2);
    }

    [Fact]
    public async Task SettingsForAnImageReplaceNoLinkAndNoDevice()
    {
        await using var platform = await TestPlatform.Start();
        var link = Path.Combine(platform.Folder, "link.yaml");
        File.CreateSymbolicLink(link, Path.Combine(platform.Folder, "elsewhere"));
        foreach (var file in (string[])[link, "/dev/null"]) (await platform.Waltvpn("setup-node", "--output", file, "--force")).Status.ShouldBe(4);
        (await platform.Waltvpn("setup-node", "--output", platform.Folder)).Status.ShouldBe(1);
        (await platform.Waltvpn("setup-node", "--output", Path.Combine(platform.Folder, "no/node.yaml"))).Output.ShouldContain("there is no folder");
    }

    [Fact]
    public async Task SettingsForAnImageAreTheirsWhoTypedSudo()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "giving a file away needs root");
        await using var platform = await TestPlatform.Start();
        var file = Path.Combine(platform.Folder, "node.yaml");
        string[] command = [Program, "--socket", platform.Settings.ApiSocket, "setup-node", "--output", file];
        await Shell.Run("dotnet", command, "", ("SUDO_UID", "12345"), ("SUDO_GID", "12346"));
        (await Shell.Run("stat", ["--format", "%u:%g %a", file])).ShouldBe("12345:12346 600");
        await Shell.Run("dotnet", [.. command, "--force"], "", ("SUDO_UID", "0"), ("SUDO_GID", "0"));
        (await Shell.Run("stat", ["--format", "%u %a", file])).ShouldBe("0 600");
    }

    [Theory]
    [InlineData("200 OK", "[{", 1, "not understood")]
    [InlineData("200 OK", "[{\"id\": 1}]", 1, "not understood")]
    [InlineData("200 OK", "null", 1, "not understood")]
    [InlineData("503 Service Unavailable", "<html>", 1, "503 (Service Unavailable)")]
    [InlineData("503 Service Unavailable", """{"title":"t","status":503,"detail":"what is wrong"}""", 1, "waltvpn: what is wrong")]
    [InlineData("500 Internal Server Error", "", 1, "journalctl -u waltvpnd")]
    [InlineData("nonsense", "", 5, "broke off")]
    public async Task WhateverTheServerAnswersIsOneLine(string answer, string body, int expected, string words)
    {
        using var folder = new TestFolder();
        using var server = new ScriptedServer(folder["api.sock"], $"HTTP/1.1 {answer}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        var (status, output) = await Shell.Try("dotnet", [Program, "--socket", folder["api.sock"], "node", "list"]);
        status.ShouldBe(expected, output);
        output.ShouldContain(words);
        output.TrimEnd('\n').ShouldNotContain('\n');
    }

    [Fact]
    public async Task EventThatIsNotUnderstoodEndsTheMonitor()
    {
        using var folder = new TestFolder();
        using var server = new ScriptedServer(folder["api.sock"], "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {\n\n");
        var (status, output) = await Shell.Try("dotnet", [Program, "--socket", folder["api.sock"], "monitor", "--accept-all"]);
        status.ShouldBe(1, output);
        output.ShouldContain("not understood");
        output.ShouldNotContain("   at ");
    }

    [Fact]
    public async Task ChangeThatIsDoneInPartHasAStatusOfItsOwn()
    {
        await using var platform = await TestPlatform.Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        platform.Hub.Dispose();
        var (status, output) = await platform.Waltvpn("node", "revoke", identity.Name, "--yes");
        status.ShouldBe(10);
        output.ShouldContain("is revoked and can no longer log in, but its tunnel could not be cut");
    }

    [Theory]
    [InlineData("y", RequestState.Accepted)]
    [InlineData("n", RequestState.Denied)]
    public async Task MonitorDecidesAndASecondOneIsTold(string typed, RequestState state)
    {
        await using var platform = await TestPlatform.Start();
        using var first = Start(platform, "monitor");
        using var second = Start(platform, "monitor");
        using var waiting = await (await TestNode.Make(platform, 1)).AskAndProve(platform, TestPlatform.Remote);
        await ReadUntil(first, "Accept this board?");
        await ReadUntil(second, "Accept this board?");
        await first.StandardInput.WriteLineAsync(typed);
        await first.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        await ReadUntil(second, $"Request 1 was {(state == RequestState.Accepted ? "accepted" : "denied")} by ");
        (await platform.Requests()).ShouldHaveSingleItem().State.ShouldBe(state);
        var answer = await waiting.Read(ProtocolJson.Default.EnrollmentAnswer);
        answer.Status.ShouldBe(state == RequestState.Accepted ? EnrollmentStatus.Accepted : EnrollmentStatus.Denied);
        await Interrupted(first);
        await Interrupted(second);
    }

    [Fact]
    public async Task MonitorThatAcceptsAllWarnsAndAccepts()
    {
        await using var platform = await TestPlatform.Start();
        using var monitor = Start(platform, "monitor", "--accept-all");
        (await ReadUntil(monitor, "\n")).ShouldContain("WARNING");
        (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Remote)).Status.ShouldBe(EnrollmentStatus.Accepted);
        await Interrupted(monitor);
    }

    [Fact]
    public void NothingFromANodeReachesTheTerminalUnescaped()
    {
        WaltVpn.Cli.TerminalText.Plain("a\e[2J\u202eb\r\n\u009b").ShouldBe("a?[2J?b???");
        WaltVpn.Cli.TerminalText.Markup("[red]x[/]").ShouldBe("[[red]]x[[/]]");
    }

    /// <summary>Ctrl-C: clean, no stack trace.</summary>
    private static async Task Interrupted(Process monitor)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await Shell.Run("kill", ["-INT", $"{monitor.Id}"]);
        var rest = await monitor.StandardOutput.ReadToEndAsync(deadline.Token) + await monitor.StandardError.ReadToEndAsync(deadline.Token);
        await monitor.WaitForExitAsync(deadline.Token);
        monitor.ExitCode.ShouldBe(130);
        rest.ShouldNotContain("   at ");
    }

    private static async Task<string> ReadUntil(Process process, string text)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var seen = "";
        var buffer = new char[1024];
        while (!seen.Contains(text, StringComparison.Ordinal))
        {
            var read = await process.StandardOutput.ReadAsync(buffer, deadline.Token);
            if (read == 0) throw new EndOfStreamException($"it ended after: {seen}{await process.StandardError.ReadToEndAsync(deadline.Token)}");
            seen += new string(buffer, 0, read);
        }

        return seen;
    }

    private static Process Start(TestPlatform platform, params string[] arguments) =>
        Process.Start(new ProcessStartInfo("dotnet", [Program, "--socket", platform.Settings.ApiSocket, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;


    private static string Program => Path.Combine(AppContext.BaseDirectory, "waltvpn.dll");
}
