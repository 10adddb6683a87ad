using System.Globalization;
using System.Text.Json;
using WaltVpn.ImageBuilder.Settings;

namespace WaltVpn.ImageBuilder.Tests.Qemu;

/// <summary>The image on disk, judged by the tools with the last word.</summary>
public sealed class SdImageTests(ImageFixture fixture)
{
    private const long BootStart = 1 << 20;
    private const long StateStart = 257 << 20;

    private string Fat => $"{fixture.Image}@@{BootStart}";

    [Fact]
    public async Task SfdiskSeesTwoPartitions()
    {
        await fixture.BuiltAsync();
        using var table = JsonDocument.Parse(await HostProgram.CheckAsync("sfdisk", ["--json", fixture.Image]));
        var partitions = table.RootElement.GetProperty("partitiontable").GetProperty("partitions").EnumerateArray().ToList();
        partitions.Select(partition => partition.GetProperty("type").GetString()).ShouldBe(["c", "83"]);
        partitions.Select(partition => partition.GetProperty("start").GetInt64() * 512).ShouldBe([BootStart, StateStart]);
        partitions[0].GetProperty("bootable").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task FsckFindsTheBootPartitionClean()
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        await CutAsync(BootStart, StateStart - BootStart, folder["fat"]);
        (await HostProgram.CheckAsync("fsck.fat", ["-n", "-v", folder["fat"]])).ShouldContain("FATs, 32 bit entries");
    }

    [Fact]
    public async Task FsckFindsTheStatePartitionCleanAndWithAJournal()
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        await CutAsync(StateStart, new FileInfo(fixture.Image).Length - StateStart, folder["ext4"]);
        await HostProgram.CheckAsync("e2fsck", ["-f", "-n", folder["ext4"]]);
        var header = await HostProgram.CheckAsync("dumpe2fs", ["-h", folder["ext4"]]);
        header.ShouldContain("has_journal");
        header.ShouldContain("WALT_VPN_STATE");
    }

    [Fact]
    public async Task CpioReadsTheInitramfsAndAllOfItBelongsToRoot()
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        await HostProgram.CheckAsync("mcopy", ["-i", Fat, "::/initramfs.zst", folder.Path]);
        new FileInfo(folder["initramfs.zst"]).Length.ShouldBeLessThan(25_000_000);
        await HostProgram.CheckAsync("zstd", ["-q", "-d", folder["initramfs.zst"]]);
        var list = await HostProgram.CheckAsync("cpio", ["-itv", "--quiet", "--numeric-uid-gid", "-F", folder["initramfs"]]);
        var lines = list.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
        lines.ShouldAllBe(words => words[2] == "0" && words[3] == "0");
        var names = lines.Select(words => words[8]).ToList();
        names.ShouldBeSubsetOf(names.Where(Expected));
        foreach (var name in new[] { "init", "bin/waltvpn-agent", "bin/busybox", "bin/sh", "bin/modprobe", "bin/kexec", "usr/bin/ssh", "usr/bin/ssh-keygen", "lib64/ld-linux-x86-64.so.2", "etc/waltvpn/image.json" }) names.ShouldContain(name);

        static bool Expected(string name) => Path.GetExtension(name) is not (".h" or ".a" or ".gz" or ".bin") && !name.StartsWith("usr/share", StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheCardHasTheSettingsForPeopleToRead()
    {
        await fixture.BuiltAsync();
        var text = await HostProgram.CheckAsync("mtype", ["-i", Fat, "::/walt-vpn.json"]);
        text.ShouldStartWith("// Settings of this WaltVpn card");
        fixture.Sample.ShouldEqual(SettingsFile.Parse("walt-vpn.json", System.Text.Encoding.UTF8.GetBytes(text)));
    }

    [Theory]
    [InlineData("zstd", ".zst", "1024")]
    [InlineData("gz", ".gz", "512")]
    public async Task ACompressedImageIsTheSameCardWithItsChecksumBesideIt(string way, string suffix, string size)
    {
        await fixture.BuiltAsync();
        using var folder = new TemporaryFolder();
        var (status, output, errors) = await fixture.SdAsync(folder["card.img"], "--locked", "--lock", fixture.Lock, "--compress", way, "--size", size);
        status.ShouldBe(0, output + errors);
        Directory.GetFiles(folder.Path).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
            .ShouldBe([$"card.img{suffix}", $"card.img{suffix}.sha256"]);
        (await HostProgram.CheckAsync("sha256sum", ["-c", $"card.img{suffix}.sha256"], folder.Path)).ShouldBe($"card.img{suffix}: OK\n");
        await HostProgram.CheckAsync(way == "gz" ? "gunzip" : "unzstd", ["-q", folder[$"card.img{suffix}"]]);
        new FileInfo(folder["card.img"]).Length.ShouldBe(long.Parse(size, CultureInfo.InvariantCulture) << 20);
        if (size == "512") await HostProgram.CheckAsync("cmp", [folder["card.img"], fixture.Image]);
        await HostProgram.CheckAsync("sfdisk", ["--verify", folder["card.img"]]);
        File.GetUnixFileMode(folder["card.img"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task TheImageIsSparseAndForItsOwnerOnly()
    {
        await fixture.BuiltAsync();
        File.GetUnixFileMode(fixture.Image).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var kibibytes = await HostProgram.CheckAsync("du", ["-k", fixture.Image]);
        long.Parse(kibibytes.Split('\t')[0], CultureInfo.InvariantCulture).ShouldBeLessThan(64 * 1024);
    }

    [Fact]
    public async Task EveryStepIsReportedWithSecondsAndSize()
    {
        await fixture.BuiltAsync();
        var lines = fixture.Progress.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("note", StringComparison.Ordinal)).ToList();
        lines.Select(line => line.Split(' ')[0]).ShouldBe(["packages", "kernel", "initramfs", "disk", "finish"]);
        foreach (var line in lines) line.ShouldMatch(@"\d+\.\d s +\d+\.\d MB$");
    }

    [Fact]
    public async Task TheEnrolmentKeyIsNowhereButInTheSettings()
    {
        await fixture.BuiltAsync();
        var secret = fixture.Sample.PrivateKey.Split('\n')[1];
        fixture.Progress.ShouldNotContain(secret);
        (await File.ReadAllTextAsync(fixture.Lock, TestContext.Current.CancellationToken)).ShouldNotContain(secret);
        var image = await File.ReadAllBytesAsync(fixture.Image, TestContext.Current.CancellationToken);
        Count(image, System.Text.Encoding.ASCII.GetBytes(secret)).ShouldBe(1);
    }

    private static int Count(ReadOnlySpan<byte> where, ReadOnlySpan<byte> what)
    {
        var count = 0;
        for (int at; (at = where.IndexOf(what)) >= 0; where = where[(at + 1)..]) count++;
        return count;
    }

    private Task<string> CutAsync(long start, long length, string path) => HostProgram.CheckAsync(
        "dd", [$"if={fixture.Image}", $"of={path}", "bs=1M", $"skip={start >> 20}", $"count={length >> 20}", "conv=sparse", "status=none"]);
}
