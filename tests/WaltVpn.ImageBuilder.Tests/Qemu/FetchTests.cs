using System.Text.RegularExpressions;

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>waltvpn-image fetch, from a package source in a folder and into an empty cache; no test here needs a network.</summary>
public sealed class FetchTests(ImageFixture fixture)
{
    [Fact]
    public async Task WhatWasFetchedIsBuiltWithoutAnySource()
    {
        HostProgram.Require("unshare");
        using var folder = new TemporaryFolder();
        var archive = await ArchiveAsync(folder);
        var (fetched, said) = await FetchAsync(folder, archive);
        fetched.ShouldBe(0, said);
        said.ShouldMatch(@"^packages +(\d+) packages, \1 downloaded");
        said.ShouldNotContain("note");

        var (status, output, errors) = await HostProgram.RunAsync(
            "unshare",
            [
                "--user", "--map-root-user", "--net", ImageProgram.Path, "sd", "--board", "qemu-x64", "--settings", fixture.Settings, "--agent", fixture.Agent,
                "--locked", "--lock", folder["n.lock"], "--cache", folder["cache"], "--output", folder["x.img"],
            ]);
        status.ShouldBe(0, output + errors);
        output.ShouldNotContain("note");
        await HostProgram.CheckAsync("cmp", [fixture.Image, folder["x.img"]]);
    }

    [Fact]
    public async Task TheLockFileIsTheOneThatABuildWrites()
    {
        using var folder = new TemporaryFolder();
        var (status, said) = await FetchAsync(folder, await ArchiveAsync(folder));
        status.ShouldBe(0, said);
        (await ReadAsync(folder["n.lock"])).ShouldBe(await ReadAsync(fixture.Lock));
    }

    [Fact]
    public async Task LockedTakesTheRecordedVersionsAndKeepsTheFile()
    {
        using var folder = new TemporaryFolder();
        var archive = await ArchiveAsync(folder);
        var recorded = Regex.Replace(await ReadAsync(fixture.Lock), "zstd=.*", "zstd=0.1-1");
        await File.WriteAllTextAsync(folder["n.lock"], recorded, TestContext.Current.CancellationToken);
        var (status, said) = await FetchAsync(folder, archive, "--locked");
        status.ShouldBe(0, said);
        said.ShouldMatch(@"note +other tools than those of the lock file may give other bytes: zstd \S+ \(recorded 0\.1-1\)\n");
        (await ReadAsync(folder["n.lock"])).ShouldBe(recorded);
        Directory.GetFiles(Path.Combine(folder["cache"], "apt-amd64", "archives"), "*.deb").Length.ShouldBe(recorded.Split("sha256:").Length - 1);
    }

    [Theory]
    [InlineData("deb http://127.0.0.1:9/debian stable main", "http://127.0.0.1:9/debian")]
    [InlineData("deb http://no-such-host.invalid/debian stable main", "no-such-host.invalid")]
    [InlineData("deb copy:/no/such/folder ./", "/no/such/folder")]
    public async Task ASourceThatIsNotReachedIsNamedAndDoesNotFailTheBuild(string source, string named)
    {
        using var folder = new TemporaryFolder();
        var archive = await ArchiveAsync(folder);
        await archive.AddSourceAsync(source);
        var (status, said) = await FetchAsync(folder, archive);
        status.ShouldBe(0, said);
        said.ShouldContain("not every package source was reached");
        said.ShouldContain(named);
        (await ReadAsync(folder["n.lock"])).ShouldBe(await ReadAsync(fixture.Lock));
    }

    [Fact]
    public async Task WithoutAnySourceNothingIsWritten()
    {
        using var folder = new TemporaryFolder();
        var archive = await ArchiveAsync(folder);
        await archive.SetSourcesAsync("deb http://127.0.0.1:9/debian stable main");
        var (status, said) = await FetchAsync(folder, archive);
        status.ShouldBe(1);
        said.ShouldContain("not every package source was reached, and the others do not have all packages");
        said.ShouldContain("linux-image-amd64");
        File.Exists(folder["n.lock"]).ShouldBeFalse();
    }

    [Fact]
    public async Task ALockFileInNoFolderIsSaidSoBeforeAnythingIsDownloaded()
    {
        using var folder = new TemporaryFolder();
        var (status, _, errors) = await ImageProgram.RunAsync(["fetch", "--board", "qemu-x64", "--lock", folder["no/such.lock"], "--cache", folder["cache"]]);
        status.ShouldBe(1);
        errors.ShouldContain("mkdir -p");
        Directory.Exists(folder["cache"]).ShouldBeFalse();
    }

    /// <summary>The packages of the fixture's image as an archive.</summary>
    private async Task<LocalArchive> ArchiveAsync(TemporaryFolder folder)
    {
        await fixture.BuiltAsync();
        return await LocalArchive.CreateAsync(folder["archive"], await fixture.PackagesAsync());
    }

    private static async Task<(int Status, string Said)> FetchAsync(TemporaryFolder folder, LocalArchive archive, params IReadOnlyList<string> more)
    {
        var (status, output, errors) = await ImageProgram.RunAsync(
            ["fetch", "--board", "qemu-x64", "--lock", folder["n.lock"], "--cache", folder["cache"], .. more], archive.Environment);
        return (status, output + errors);
    }

    private static Task<string> ReadAsync(string path) => File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
}
