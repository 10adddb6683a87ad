using System.Globalization;

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>What the program refuses, and what it leaves behind: nothing.</summary>
public sealed class RefusalTests(ImageFixture fixture)
{
    [Fact]
    public async Task AnExistingImageIsKept()
    {
        await fixture.BuiltAsync();
        var (status, _, errors) = await fixture.SdAsync(fixture.Image);
        status.ShouldBe(1);
        errors.ShouldContain("exists");
        errors.ShouldContain("--force");
    }

    [Fact]
    public async Task ADeviceIsAnsweredWithTheDdLine()
    {
        await fixture.BuiltAsync();
        var (status, _, errors) = await fixture.SdAsync("/dev/null", "--force");
        status.ShouldBe(1);
        errors.ShouldContain("/dev/null is a character special file");
        errors.ShouldContain("sudo dd if=walt-vpn-node.img of=/dev/null");
    }

    [Fact]
    public async Task AFullDiskIsSaidSoAndLeavesNothing()
    {
        HostProgram.Require("unshare");
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounting a small file system needs root");
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        // The list has the folder's name: a line of another form is something left behind.
        const string Script = """mount -t tmpfs -o size=8m tmpfs "$1" && shift && { "$@"; status=$?; ls -A "$HOME"; exit $status; }""";
        var (status, output, errors) = await HostProgram.RunAsync(
            "unshare",
            [
                "--mount", "bash", "-c", Script, "bash", folder.Path, ImageProgram.Path, "sd", "--board", "qemu-x64", "--settings", fixture.Settings,
                "--agent", fixture.Agent, "--lock", fixture.Lock, "--locked", "--output", folder["x.img"], "--cache", ImageProgram.DefaultCache,
            ],
            environment: new Dictionary<string, string?> { ["HOME"] = folder.Path });
        status.ShouldBe(1, output);
        errors.ShouldContain($"no space left on the disk of {folder.Path}: making an image needs about 60 MB there");
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ShouldAllBe(line => line.EndsWith(" MB", StringComparison.Ordinal) || line.StartsWith("note", StringComparison.Ordinal));
    }

    [Fact]
    public async Task CtrlCLeavesNothing()
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["tmp"]);
        using var build = ImageProgram.Start(
            ["sd", "--board", "qemu-x64", "--settings", fixture.Settings, "--agent", fixture.Agent, "--lock", fixture.Lock, "--locked", "--output", folder["x.img"]],
            new Dictionary<string, string?> { ["TMPDIR"] = folder["tmp"] });
        string? line;
        do line = await build.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        while (line is not null && !line.StartsWith("packages", StringComparison.Ordinal));
        line.ShouldNotBeNull();
        await HostProgram.CheckAsync("kill", ["-INT", build.Id.ToString(CultureInfo.InvariantCulture)]);
        await build.WaitForExitAsync(TestContext.Current.CancellationToken);
        build.ExitCode.ShouldBe(130);
        Directory.EnumerateFileSystemEntries(folder.Path).ShouldBe([folder["tmp"]]);
        Directory.EnumerateFileSystemEntries(folder["tmp"]).ShouldBeEmpty();
    }
}
