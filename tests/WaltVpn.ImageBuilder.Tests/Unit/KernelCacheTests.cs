using WaltVpn.ImageBuilder.Boards;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Kernel;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class KernelCacheTests : IAsyncLifetime
{
    private static readonly DebianPackage _package = new("linux-image-6.1.0-56-amd64", "6.1.192-2", "amd64", new string('a', 64));
    private static readonly PackageLock _origin = new([_package, new("busybox", "1", "amd64", new string('b', 64))], [new("kmod", "30"), new("mtools", "4")]);

    private static readonly KernelFiles _kernel = new(
        "6.1.0-56-amd64", DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), [1, 2, 3], [new("lib/modules/6/a.ko", [4]), new("lib/modules/6/modules.dep", [5, 6])],
        [new("a.dtb", [7]), new("overlays/b.dtbo", [8])]);

    private readonly TemporaryFolder _folder = new();
    private CacheFolder _cache = null!;

    public async ValueTask InitializeAsync() => _cache = await CacheFolder.EnterAsync(_folder["kernels"], new Progress(TextWriter.Null), TestContext.Current.CancellationToken);

    public ValueTask DisposeAsync()
    {
        _cache.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    public static TheoryData<string> Changes => ["package", "tool", "board"];

    [Fact]
    public async Task WhatIsKeptIsFoundAgain()
    {
        await Of(_origin).KeepAsync(_kernel, TestContext.Current.CancellationToken);
        var found = (await FindAsync(_origin)).ShouldNotBeNull();
        found.Release.ShouldBe(_kernel.Release);
        found.Newest.ShouldBe(_kernel.Newest);
        found.Image.ShouldBe(_kernel.Image);
        found.Modules.Select(file => file.Key).ShouldBe(_kernel.Modules.Select(file => file.Key));
        found.Modules.SelectMany(file => file.Value).ShouldBe([4, 5, 6]);
        found.DeviceTrees.Select(file => (file.Key, file.Value[0])).ShouldBe([("a.dtb", 7), ("overlays/b.dtbo", 8)]);
    }

    [Fact]
    public async Task OtherPackagesThanTheKernelsMakeNoDifference()
    {
        await Of(_origin).KeepAsync(_kernel, TestContext.Current.CancellationToken);
        (await FindAsync(_origin with { Packages = [_package], Tools = [new("kmod", "30")] })).ShouldNotBeNull();
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task AnotherOriginFindsNothingAndReplacesIt(string change)
    {
        await Of(_origin).KeepAsync(_kernel, TestContext.Current.CancellationToken);
        var (board, origin) = change switch
        {
            "package" => (QemuX64.Board, _origin with { Packages = [_package with { Sha256 = new string('c', 64) }] }),
            "tool" => (QemuX64.Board, _origin with { Tools = [new ToolVersion("kmod", "31")] }),
            _ => (QemuX64.Board with { KernelModules = ["tun"] }, _origin),
        };
        var other = new KernelCache(_cache, board, origin);
        (await other.FindAsync(TestContext.Current.CancellationToken)).ShouldBeNull();
        await other.KeepAsync(_kernel, TestContext.Current.CancellationToken);
        Kept().Length.ShouldBe(1);
    }

    [Fact]
    public async Task ADamagedFileCountsAsNone()
    {
        await Of(_origin).KeepAsync(_kernel, TestContext.Current.CancellationToken);
        var path = Kept().Single();
        var whole = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        for (var at = 0; at < whole.Length; at += 7)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 1;
            await File.WriteAllBytesAsync(path, damaged, TestContext.Current.CancellationToken);
            (await FindAsync(_origin)).ShouldBeNull();
            await File.WriteAllBytesAsync(path, whole[..at], TestContext.Current.CancellationToken);
            (await FindAsync(_origin)).ShouldBeNull();
        }
    }

    private string[] Kept() => Directory.GetFiles(_cache.Path, "qemu-x64.*");

    private KernelCache Of(PackageLock origin) => new(_cache, QemuX64.Board, origin);

    private Task<KernelFiles?> FindAsync(PackageLock origin) => Of(origin).FindAsync(TestContext.Current.CancellationToken);
}
