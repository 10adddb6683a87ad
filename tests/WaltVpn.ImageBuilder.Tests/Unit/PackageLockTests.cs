using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class PackageLockTests
{
    private static readonly string _hash = new('a', 64);

    [Fact]
    public void WhatIsWrittenIsReadAgainInSortedOrder()
    {
        DebianPackage zlib = new("zlib1g", "1:1.2.13.dfsg-1", "amd64", _hash);
        DebianPackage libc = new("libc6", "2.36-9+deb12u14", "amd64", new string('b', 64));
        ToolVersion zstd = new("zstd", "1.5.4+dfsg2-5");
        ToolVersion mtools = new("mtools", "4.0.33-1+really4.0.32-1");
        var text = new PackageLock([zlib, libc], [zstd, mtools]).Write();
        var read = PackageLock.Parse("x.lock", text);
        read.Packages.ShouldBe([libc, zlib]);
        read.Tools.ShouldBe([mtools, zstd]);
        read.Write().ShouldBe(text);
    }

    [Theory]
    [InlineData("busybox=1.35 amd64", "line 1 is not")]
    [InlineData("busybox amd64 sha256:HASH", "line 1 is not")]
    [InlineData("--option=1 amd64 sha256:HASH", "line 1 is not")]
    [InlineData("busybox=-o amd64 sha256:HASH", "line 1 is not")]
    [InlineData("../x=1 amd64 sha256:HASH", "line 1 is not")]
    [InlineData("busybox=1/../2 amd64 sha256:HASH", "line 1 is not")]
    [InlineData("busybox=1 amd64 sha256:HASH\nbusybox=2 amd64 sha256:HASH", "line 2 names busybox a second time")]
    [InlineData("busybox=1 amd64 sha256:HASH\ntool zstd", "line 2 is not")]
    [InlineData("busybox=1 amd64 sha256:HASH\ntool -x=1", "line 2 is not")]
    [InlineData("busybox=1 amd64 sha256:HASH\ntool zstd=1\ntool zstd=2", "line 3 names zstd a second time")]
    [InlineData("tool zstd=1", "it names no package")]
    [InlineData("# nothing\n\n", "it names no package")]
    public void ADamagedFileIsRefused(string text, string expected) =>
        Should.Throw<ImageException>(() => PackageLock.Parse("x.lock", text.Replace("HASH", _hash, StringComparison.Ordinal))).Message.ShouldContain(expected);

    [Fact]
    public void TheFileNameIsTheOneAptUses() =>
        new DebianPackage("busybox", "1:1.35.0-4+b1", "amd64", _hash).FileName.ShouldBe("busybox_1%3a1.35.0-4+b1_amd64.deb");
}
