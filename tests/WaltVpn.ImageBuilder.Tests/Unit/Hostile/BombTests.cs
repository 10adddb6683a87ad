using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Inspect;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Tests.Unit.Hostile;

/// <summary>docs/security.md IMG-1: real files, made by the real packers, that unfold to a multiple of what any of ours does.</summary>
public sealed class BombTests
{
    [Theory]
    [InlineData("xz")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public async Task APackageThatUnfoldsToAThousandTimesItsSizeIsRefused(string compression)
    {
        using var folder = new TemporaryFolder();
        var deb = await PackAsync(folder, compression, megabytes: 64);
        var error = await Should.ThrowAsync<ImageException>(() => ReadAsync(deb));
        error.Message.ShouldStartWith("x.deb is damaged: it unfolds to more than");
    }

    [Fact]
    public async Task ASmallPackageOfZerosIsRead()
    {
        using var folder = new TemporaryFolder();
        var deb = await PackAsync(folder, "xz", megabytes: 0.5);
        (await ReadAsync(deb)).ShouldContain("/zeros");
    }

    [Fact]
    public async Task AnInitramfsThatUnfoldsToAThousandTimesItsSizeIsRefused()
    {
        HostProgram.Require("zstd");
        using var folder = new TemporaryFolder();
        await HostProgram.CheckAsync("truncate", ["-s", "64M", folder["zeros"]]);
        await HostProgram.CheckAsync("zstd", ["-q", folder["zeros"], "-o", folder["initramfs.zst"]]);
        var error = await Should.ThrowAsync<ImageException>(
            () => InitramfsContents.ReadAsync(HostToolbox.Find(HostTool.Zstd), folder["initramfs.zst"], TestContext.Current.CancellationToken));
        error.Message.ShouldStartWith("the initramfs is damaged: it unfolds to more than");
    }

    private static async Task<string> PackAsync(TemporaryFolder folder, string compression, double megabytes)
    {
        HostProgram.Require("dpkg-deb");
        Directory.CreateDirectory(folder["x/DEBIAN"]);
        await File.WriteAllTextAsync(folder["x/DEBIAN/control"], "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n", TestContext.Current.CancellationToken);
        await HostProgram.CheckAsync("truncate", ["-s", $"{(long)(megabytes * 1_000_000)}", folder["x/zeros"]]);
        await HostProgram.CheckAsync("dpkg-deb", ["--root-owner-group", $"-Z{compression}", "--build", folder["x"], folder["x.deb"]]);
        return folder["x.deb"];
    }

    private static async Task<List<string>> ReadAsync(string deb)
    {
        var seen = new List<string>();
        await new PackageReader(HostToolbox.Find(HostTool.DpkgDeb)).ReadAsync(deb, entry => { seen.Add(entry.Path); return Task.CompletedTask; }, TestContext.Current.CancellationToken);
        return seen;
    }
}
