using WaltVpn.ImageBuilder.Kernel;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class ModuleIndexTests
{
    private static readonly ModuleIndex _index = ModuleIndex.Parse(
        """
        kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
        kernel/fs/mbcache.ko:
        kernel/fs/jbd2/jbd2.ko:
        kernel/crypto/crc32c_generic.ko:
        kernel/crypto/crc32c-intel.ko.xz:
        kernel/net/a.ko: kernel/net/b.ko
        kernel/net/b.ko: kernel/net/c.ko
        kernel/net/c.ko:
        """,
        "# Soft dependencies\nsoftdep ext4 pre: crc32c\nsoftdep c post: a gone\n",
        "# Aliases\nalias crc32c crc32c_generic\nalias crc32c crc32c_intel\nalias pci:v0* b\n",
        "kernel/drivers/virtio/virtio-pci.ko\n");

    [Fact]
    public void NeedsOfNeedsComeAlong() => _index.Closure(["a"]).ShouldBe(["kernel/net/a.ko", "kernel/net/b.ko", "kernel/net/c.ko"]);

    [Fact]
    public void ASoftDependencyOnAnAliasBringsAllThatHaveIt() =>
        _index.Closure(["ext4"]).ShouldBe(["kernel/crypto/crc32c-intel.ko.xz", "kernel/crypto/crc32c_generic.ko", "kernel/fs/ext4/ext4.ko", "kernel/fs/jbd2/jbd2.ko", "kernel/fs/mbcache.ko"]);

    [Fact]
    public void HyphensAndUnderscoresAreTheSame() => _index.Closure(["crc32c_intel"]).ShouldBe(_index.Closure(["crc32c-intel"]));

    [Fact]
    public void ABuiltInModuleNeedsNoFile() => _index.Closure(["virtio_pci"]).ShouldBeEmpty();

    [Fact]
    public void CirclesEnd() => _index.Closure(["c"]).Count.ShouldBe(3);

    [Fact]
    public void AnUnknownModuleIsNamed() => Should.Throw<ImageException>(() => _index.Closure(["e1000"])).Message.ShouldContain("'e1000'");
}
