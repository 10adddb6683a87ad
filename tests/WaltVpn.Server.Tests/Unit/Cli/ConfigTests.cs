using Shouldly;
using WaltVpn.Cli;
using WaltVpn.Cli.Config;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Cli;

/// <summary><c>waltvpn config</c> and <c>waltvpn setup</c>, with the daemon's own word on each file.</summary>
public sealed class ConfigTests : IDisposable
{
    private const string Full =
        """
        # Head.
        serverName: srv.example.org   # the name

        # One, then the other.
        sshEntrypoints:
          - srv.example.org   # the server itself
          # a comment of the second
          - proxy.example.org:2222

        http: { port: 8080 } # not 80
        enrollment:
          # who comes from near
          lan: manual

        #settingsMinutes: 15
        # Tail.

        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-").FullName;

    private string Yaml => Path.Combine(_folder, "server.yaml");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("serverName", "vpn.example.org", "serverName: srv.example.org", "serverName: vpn.example.org")]
    [InlineData("http.port", "81", "{ port: 8080 }", "{ port: 81 }")]
    [InlineData("http.entrypoint", "boot.example.org", "{ port: 8080 }", "{ port: 8080, entrypoint: boot.example.org }")]
    [InlineData("enrollment.lan", "deny", "lan: manual\n", "lan: deny\n")]
    [InlineData("enrollment.remote", "token", "  lan: manual\n", "  lan: manual\n  remote: token\n")]
    [InlineData("settingsMinutes", "5", "#settingsMinutes: 15\n", "#settingsMinutes: 15\nsettingsMinutes: 5\n")]
    [InlineData("platformSubnet", "10.0.0.0/24", "# Tail.\n", "# Tail.\nplatformSubnet: 10.0.0.0/24\n")]
    [InlineData("stateDirectory", "/a b: #c", "# Tail.\n", "# Tail.\nstateDirectory: '/a b: #c'\n")]
    public void OnlyTheOneValueChanges(string key, string value, string before, string after) =>
        SettingsText.Set(Full, key, [value], isList: false).ShouldBe(Full.Replace(before, after, StringComparison.Ordinal));

    [Fact]
    public void ListIsReplacedInItsOwnForm()
    {
        const string Old = "- srv.example.org   # the server itself\n  # a comment of the second\n  - proxy.example.org:2222";
        SettingsText.Set(Full, "sshEntrypoints", ["a.example.org", "[fd00::1]:22"], isList: true)
            .ShouldBe(Full.Replace(Old, "- a.example.org\n  - '[fd00::1]:22'", StringComparison.Ordinal));
        SettingsText.Set("a: 1\nsshEntrypoints: [\"x\", y] # two\nb: 2", "sshEntrypoints", ["z"], isList: true).ShouldBe("a: 1\nsshEntrypoints: [z] # two\nb: 2");
        SettingsText.Set("", "sshEntrypoints", ["z", "w"], isList: true).ShouldBe("sshEntrypoints:\n  - z\n  - w\n");
        SettingsText.Set("# only a comment", "http.port", ["1"], isList: false).ShouldBe("# only a comment\nhttp:\n  port: 1\n");
        SettingsText.Set("platform: # later\nx: 1\n", "platform", ["p"], isList: false).ShouldBe("platform: p # later\nx: 1\n");
    }

    /// <summary>The shipped file explains every key: each can be set in it, and what was set is what the daemon reads.</summary>
    [Fact]
    public async Task EverySettingCanBeSetInTheShippedFileAndIsReadBack()
    {
        var shipped = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "packaging/etc/server.yaml"), Cancellation);
        SettingsFile.Parse("serverName: srv.example.org", out var all);
        all.Count.ShouldBeGreaterThan(25);
        foreach (var setting in all.Where(setting => setting.Values.Count > 0 && setting.Key != "lan.port"))
        {
            var text = SettingsText.Set(shipped, setting.Key, setting.Values, setting.IsList);
            SettingsFile.Parse(setting.Key == "serverName" ? text : text + "\nserverName: srv.example.org\n", out var read);
            read.Single(other => other.Key == setting.Key).Line.ShouldNotBeNull(setting.Key);
            // No line of the shipped file is lost.
            shipped.Split('\n').Except(text.Split('\n')).ShouldBeEmpty(setting.Key);
        }
    }

    [Theory]
    [InlineData("a: [", "no YAML: line ")]
    [InlineData("http: 5\n", "has no keys in it")]
    [InlineData("http: { }\n", "config edit")]
    public void WhatCannotBeChangedInPlaceIsLeftToAPerson(string text, string message) =>
        Should.Throw<CliException>(() => SettingsText.Set(text, "http.port", ["1"], isList: false)).Message.ShouldContain(message);

    [Fact]
    public async Task FileStaysAsItWasWhenTheDaemonCannotUseTheChange()
    {
        await File.WriteAllTextAsync(Yaml, Full, Cancellation);
        File.SetUnixFileMode(Yaml, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var (status, output) = await Config("set", "http.port", "99999");
        (status, output.Contains($"{Yaml}: line 10: http.port: '99999' cannot be used; expected a whole number from 0 to 65535", StringComparison.Ordinal))
            .ShouldBe((4, true), output);
        (await File.ReadAllTextAsync(Yaml, Cancellation)).ShouldBe(Full);
        (await Config("set", "http.prot", "1")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(3), r => r.Output.ShouldContain("config show"));
        (await Config("set", "http.port", "1", "2")).Status.ShouldBe(2);
        (await Config("set", "vpn.enabled", "true")).Output.ShouldContain("systemctl enable --now");

        (status, output) = await Config("set", "http.port", "82");
        status.ShouldBe(0, output);
        output.ShouldContain("systemctl restart waltvpnd");
        (await File.ReadAllTextAsync(Yaml, Cancellation)).ShouldBe(Full.Replace("8080", "82", StringComparison.Ordinal));
        File.GetUnixFileMode(Yaml).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        (await Config("get", "http.port")).ShouldBe((0, "82\n"));
        (await Config("set", "vpn.boot-mode", "permissive")).Status.ShouldBe(0);
        (await Config("get", "vpn.boot-mode")).ShouldBe((0, "permissive\n"));
        (await Config("get", "vpn.ssh-entrypoint")).ShouldBe((0, "srv.example.org\nproxy.example.org:2222\n"));
        (await Config("check")).ShouldBe((0, $"{Yaml}: all right\n"));
        (await Config("show")).Output.ShouldMatch(@"settingsMinutes +15 +default");
        (await Config("show", "-o", "json")).Output.ShouldContain("\"key\": \"http.port\"");
        Directory.GetFiles(_folder).ShouldBe([Yaml]);
    }

    [Theory]
    [InlineData("serverName: srv.example.org\nhttp:\n  prot: 1\n", "line 3: unknown key 'http.prot'; did you mean 'http.port'?")]
    [InlineData("serverName: srv.example.org\n\nbootMode: open\n", "line 3: bootMode: 'open'")]
    [InlineData("serverName: srv.example.org\nlan: { address: 10.0.0.1 }\n", "line 2: lan.address needs platformSubnet")]
    public async Task CheckNamesTheLine(string text, string finding)
    {
        await File.WriteAllTextAsync(Yaml, text, Cancellation);
        var (status, output) = await Config("check");
        (status, output.Contains(finding, StringComparison.Ordinal)).ShouldBe((1, true), output);
    }

    [Fact]
    public async Task NewEntrypointIsTriedFirst()
    {
        await using var platform = await TestPlatform.Start();
        await File.WriteAllTextAsync(Yaml, Full, Cancellation);
        string[] command = ["config", "set", "sshEntrypoints", "srv.example.org", "127.0.0.1:9", "--config", Yaml];
        var (status, output) = await platform.Waltvpn(command);
        (status, output.Contains("nothing listens there", StringComparison.Ordinal), output.Contains("--no-test", StringComparison.Ordinal)).ShouldBe((4, true, true), output);
        (await platform.Waltvpn("config", "set", "vpn.http-entrypoint", "127.0.0.1", "--config", Yaml)).Status.ShouldBe(4);
        (await File.ReadAllTextAsync(Yaml, Cancellation)).ShouldBe(Full);
        (await platform.Waltvpn([.. command, "--no-test"])).Status.ShouldBe(0);
        // It stands there now: the rest can be changed without the daemon.
        await platform.StopDaemon();
        (await platform.Waltvpn("config", "set", "http.port", "83", "--config", Yaml)).Status.ShouldBe(0);
        (await platform.Waltvpn("config", "set", "http.entrypoint", "127.0.0.1", "--config", Yaml)).ShouldSatisfyAllConditions(
            r => r.Status.ShouldBe(5), r => r.Output.ShouldContain("--no-test"));
    }

    [Fact]
    public async Task EditedFileIsTakenOnlyWhenTheDaemonCanUseIt()
    {
        await File.WriteAllTextAsync(Yaml, Full, Cancellation);
        (await Edit("true")).ShouldBe((0, "Nothing was changed.\n"));
        var (status, output) = await Edit("sed -i s/8080/x/");
        (status, output.Contains("line 10: http.port: 'x'", StringComparison.Ordinal)).ShouldBe((4, true), output);
        (await File.ReadAllTextAsync(Yaml, Cancellation)).ShouldBe(Full);
        (await Edit("no-such-editor")).Output.ShouldContain("EDITOR=nano");
        // Somebody else changes it while the editor is open.
        var meanwhile = Path.Combine(_folder, "meanwhile");
        await File.WriteAllTextAsync(meanwhile, $"#!/bin/sh\necho '# theirs' >>{Yaml}\nsed -i s/8080/84/ \"$1\"\n", Cancellation);
        (await Edit($"sh {meanwhile}")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4), r => r.Output.ShouldContain("changed by somebody else"));
        (await File.ReadAllTextAsync(Yaml, Cancellation)).ShouldBe(Full + "# theirs\n");
        File.Delete(meanwhile);
        // A file that the daemon cannot use is repaired.
        await File.WriteAllTextAsync(Yaml, Full.Replace("8080", "x", StringComparison.Ordinal), Cancellation);
        (await Shell.Try(
            "dotnet", [Program, "config", "edit", "--config", Yaml, "--socket", Path.Combine(_folder, "none.sock")], "", ("VISUAL", ""), ("EDITOR", "sed -i s/port:.x/port:\\x208080/")))
            .ShouldSatisfyAllConditions(r => r.Status.ShouldBe(0, r.Output));
        (await File.ReadAllTextAsync(Yaml, Cancellation)).ShouldBe(Full);
        (await Edit("sed -i s/8080/84/")).Status.ShouldBe(0);
        (await File.ReadAllTextAsync(Yaml, Cancellation)).ShouldBe(Full.Replace("8080", "84", StringComparison.Ordinal));
        Directory.GetFiles(_folder).ShouldBe([Yaml]);
    }

    [Fact]
    public async Task SetupWritesTheAnswersAndChangesNothingTheSecondTime()
    {
        var shipped = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "packaging/etc/server.yaml"), Cancellation);
        await File.WriteAllTextAsync(Yaml, shipped, Cancellation);
        (await Setup()).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(2), r => r.Output.ShouldContain("--yes"));
        (await Setup("--server-name", "short", "--yes")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4), r => r.Output.ShouldContain("no full name"));
        (await Setup("--server-name", "no-such-host.invalid", "--yes")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4), r => r.Output.ShouldContain("not known here"));
        (await File.ReadAllTextAsync(Yaml, Cancellation)).ShouldBe(shipped);

        string[] answers = ["--server-name", "vpn.example.org", "--ssh-entrypoint", "vpn.example.org", "--ssh-entrypoint", "p.example.org:2222", "--boot-mode", "permissive", "--no-test", "--yes"];
        var first = await Setup(answers);
        first.Status.ShouldBe(0, first.Output);
        first.Output.ShouldContain("systemctl enable --now waltvpn-hub waltvpnd");
        var written = await File.ReadAllTextAsync(Yaml, Cancellation);
        var settings = SettingsFile.Parse(written);
        (settings.ServerName, string.Join(' ', settings.SshEntrypoints)).ShouldBe(("vpn.example.org", "vpn.example.org:22 p.example.org:2222"));
        shipped.Split('\n').Except(written.Split('\n')).ShouldBeEmpty();
        (await Setup(answers)).Output.ShouldContain("says all that already");
        (await Setup("--boot-mode", "open", "--yes")).Status.ShouldBe(4);
        (await File.ReadAllTextAsync(Yaml, Cancellation)).ShouldBe(written);
        // What nobody named must do as well.
        await File.WriteAllTextAsync(Yaml, "serverName: short\n", Cancellation);
        (await Setup("--boot-mode", "enforced", "--yes")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4), r => r.Output.ShouldContain("Name it: --server-name"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Program => Path.Combine(AppContext.BaseDirectory, "waltvpn.dll");

    private Task<(int Status, string Output)> Config(params string[] arguments) =>
        Shell.Try("dotnet", [Program, "config", .. arguments, "--config", Yaml, "--socket", Path.Combine(_folder, "none.sock")]);

    private Task<(int Status, string Output)> Setup(params string[] arguments) =>
        Shell.Try("dotnet", [Program, "setup", .. arguments, "--config", Yaml, "--socket", Path.Combine(_folder, "none.sock")]);

    private Task<(int Status, string Output)> Edit(string editor) =>
        Shell.Try("dotnet", [Program, "config", "edit", "--config", Yaml, "--no-test"], "", ("VISUAL", ""), ("EDITOR", editor));
}
