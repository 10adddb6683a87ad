using System.Text.Json;

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>waltvpn-image inspect, on a real image and on what is none.</summary>
public sealed class InspectTests(ImageFixture fixture)
{
    [Fact]
    public async Task JsonTellsWhatWasPutIn()
    {
        await fixture.BuiltAsync();
        var (status, output, errors) = await ImageProgram.RunAsync(["inspect", fixture.Image, "-o", "json"]);
        status.ShouldBe(0, errors);
        using var report = JsonDocument.Parse(output);
        var root = report.RootElement;
        root.GetProperty("board").GetString().ShouldBe("qemu-x64");
        root.GetProperty("settings").GetProperty("platform").GetString().ShouldBe("demo.example.org");
        root.GetProperty("settings").GetProperty("enrollmentKey").GetString().ShouldBe("***");
        root.GetProperty("initramfs").GetProperty("agentBytes").GetInt64().ShouldBe(new FileInfo(fixture.Agent).Length);
        var lockText = await File.ReadAllTextAsync(fixture.Lock, TestContext.Current.CancellationToken);
        foreach (var package in root.GetProperty("packages").EnumerateArray()) lockText.ShouldContain($"\n{package.GetProperty("name").GetString()}={package.GetProperty("version").GetString()} ");
        root.GetProperty("packages").GetArrayLength().ShouldBe(lockText.Split("sha256:").Length - 1);
        output.ShouldNotContain(fixture.Sample.PrivateKey.Split('\n')[1]);
    }

    [Fact]
    public async Task TextTellsItToAPerson()
    {
        await fixture.BuiltAsync();
        var (status, output, errors) = await ImageProgram.RunAsync(["inspect", fixture.Image]);
        status.ShouldBe(0, errors);
        foreach (var expected in new[] { "partition 1  fat32 WALT_VPN", "partition 2  ext4 WALT_VPN_STATE", "vmlinuz", "lost+found", "enrollmentKey   ***", "busybox 1:", " e1000 " }) output.ShouldContain(expected);
    }

    [Fact]
    public async Task AnEditedCardWithAMistakeIsShownWithTheMistake()
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        await HostProgram.CheckAsync("cp", ["--sparse=always", fixture.Image, folder["card.img"]]);
        await File.WriteAllTextAsync(folder["walt-vpn.json"], "{ \"platfrom\": \"x\" }", TestContext.Current.CancellationToken);
        await HostProgram.CheckAsync("mcopy", ["-o", "-i", $"{folder["card.img"]}@@1M", folder["walt-vpn.json"], "::/walt-vpn.json"]);
        var (status, output, _) = await ImageProgram.RunAsync(["inspect", folder["card.img"]]);
        status.ShouldBe(0);
        output.ShouldContain("walt-vpn.json: line 1: unknown key 'platfrom'; write platform");
    }

    [Theory]
    [InlineData(0, "no WaltVpn image")]
    [InlineData(1 << 20, "is cut off")]
    [InlineData(400 << 20, "is cut off")]
    public async Task AnImageThatIsCutOffIsSaidSo(long bytes, string expected)
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        await HostProgram.CheckAsync("cp", ["--sparse=always", fixture.Image, folder["card.img"]]);
        await HostProgram.CheckAsync("truncate", ["-s", $"{bytes}", folder["card.img"]]);
        await RefusedAsync(folder["card.img"], expected);
    }

    [Fact]
    public async Task AnotherFileIsNoImage()
    {
        await fixture.BuiltAsync();
        await RefusedAsync(fixture.Agent, "no WaltVpn image: it has no partition table");
    }

    [Fact]
    public async Task ADamagedInitramfsIsSaidSo()
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        await HostProgram.CheckAsync("cp", ["--sparse=always", fixture.Image, folder["card.img"]]);
        await File.WriteAllTextAsync(folder["initramfs.zst"], "not zstd", TestContext.Current.CancellationToken);
        await HostProgram.CheckAsync("mcopy", ["-o", "-i", $"{folder["card.img"]}@@1M", folder["initramfs.zst"], "::/initramfs.zst"]);
        await RefusedAsync(folder["card.img"], "zstd failed");
    }

    private static async Task RefusedAsync(string image, string expected)
    {
        var (status, output, errors) = await ImageProgram.RunAsync(["inspect", image]);
        status.ShouldBe(1);
        output.ShouldBeEmpty();
        errors.ShouldContain(expected);
    }
}
