namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>Building again: the same bytes, the recorded packages, no network, no root (docs/security.md IMG-1, IMG-3).</summary>
public sealed class RebuildTests(ImageFixture fixture)
{
    private const int Nobody = 65534;

    [Fact]
    public async Task TheSameInputsGiveTheSameBytes()
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        await Succeeds(fixture.SdAsync(folder["again.img"], "--locked", "--lock", fixture.Lock));
        await HostProgram.CheckAsync("cmp", [fixture.Image, folder["again.img"]]);
    }

    [Fact]
    public async Task SourceDateEpochDatesTheImage()
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        var (status, _, errors) = await ImageProgram.RunAsync(
            ["sd", "--board", "qemu-x64", "--settings", fixture.Settings, "--agent", fixture.Agent, "--output", folder["x.img"], "--locked", "--lock", fixture.Lock],
            new Dictionary<string, string?> { ["SOURCE_DATE_EPOCH"] = "1600000000" });
        status.ShouldBe(0, errors);
        var (_, report, _) = await ImageProgram.RunAsync(["inspect", folder["x.img"]]);
        report.ShouldContain("date       2020-09-13 12:26:40 UTC");
        (await HostProgram.CheckAsync("mdir", ["-i", $"{folder["x.img"]}@@1M", "::/"])).ShouldContain("2020-09-13  12:26");
    }

    [Fact]
    public async Task AnOrdinaryUserWithoutNetworkBuildsTheSameFromAWarmCache()
    {
        HostProgram.Require("setpriv", "unshare");
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        await GiveAsync(folder.Path);
        List<string> build =
        [
            folder["program/waltvpn-image"], "sd", "--board", "qemu-x64", "--settings", folder["node.yaml"], "--agent", folder["agent"],
            "--lock", folder["node.lock"], "--locked", "--output", folder["mine.img"],
        ];
        await AsNobodyAsync(folder.Path, build);
        await HostProgram.CheckAsync("cmp", [fixture.Image, folder["mine.img"]]);
        await AsNobodyAsync(folder.Path, ["unshare", "--user", "--net", .. build, "--force"]);
        await HostProgram.CheckAsync("cmp", [fixture.Image, folder["mine.img"]]);
    }

    [Fact]
    public async Task AVersionThatIsGoneIsNamedWithItsOwnExitStatus()
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        var text = await File.ReadAllTextAsync(fixture.Lock, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["old.lock"], System.Text.RegularExpressions.Regex.Replace(text, "busybox=[^ ]+", "busybox=1:1.0-1"), TestContext.Current.CancellationToken);
        var archive = await LocalArchive.CreateAsync(folder["archive"], await fixture.PackagesAsync());
        var (status, _, errors) = await ImageProgram.RunAsync(
            ["sd", "--board", "qemu-x64", "--settings", fixture.Settings, "--agent", fixture.Agent, "--output", folder["x.img"], "--locked", "--lock", folder["old.lock"], "--cache", folder["cache"]],
            archive.Environment);
        status.ShouldBe(3, errors);
        errors.ShouldContain("the archive no longer has busybox=1:1.0-1");
        errors.ShouldContain("the same command without --locked");
        Directory.GetFiles(folder.Path).ShouldBe([folder["old.lock"]]);
    }

    [Fact]
    public async Task AColdCacheWithoutNetworkIsNotMistakenForVersionsThatAreGone()
    {
        HostProgram.Require("unshare");
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        var (status, _, errors) = await HostProgram.RunAsync(
            "unshare",
            [
                "--user", "--map-root-user", "--net", ImageProgram.Path, "sd", "--board", "qemu-x64", "--settings", fixture.Settings, "--agent", fixture.Agent,
                "--locked", "--lock", fixture.Lock, "--cache", folder["cache"], "--output", folder["x.img"],
            ]);
        status.ShouldBe(1);
        errors.ShouldContain("not every package source was reached");
        errors.ShouldNotContain("no longer has");
        File.Exists(folder["x.img"]).ShouldBeFalse();
    }

    /// <summary>Copies program, inputs and packages to where user nobody can read them, and makes the rest hers.</summary>
    private async Task GiveAsync(string folder)
    {
        await HostProgram.CheckAsync("cp", ["-r", AppContext.BaseDirectory, Path.Combine(folder, "program")]);
        foreach (var file in new[] { fixture.Settings, fixture.Agent, fixture.Lock }) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var archives = Path.Combine(folder, ".cache", "waltvpn", "apt-amd64", "archives");
        Directory.CreateDirectory(archives);
        foreach (var deb in await fixture.PackagesAsync()) File.Copy(deb, Path.Combine(archives, Path.GetFileName(deb)));
        if (Environment.IsPrivilegedProcess) await HostProgram.CheckAsync("chown", ["-R", $"{Nobody}:{Nobody}", folder]);
    }

    private static async Task AsNobodyAsync(string home, IReadOnlyList<string> command)
    {
        List<string> whole = Environment.IsPrivilegedProcess ? ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--no-new-privs", .. command] : [.. command];
        var environment = new Dictionary<string, string?> { ["HOME"] = home, ["XDG_CACHE_HOME"] = null, ["TMPDIR"] = home, ["DOTNET_CLI_HOME"] = home };
        await Succeeds(HostProgram.RunAsync(whole[0], whole[1..], home, environment: environment));
    }

    private static async Task Succeeds(Task<(int Status, string Output, string Errors)> running)
    {
        var (status, output, errors) = await running;
        status.ShouldBe(0, output + errors);
    }
}
