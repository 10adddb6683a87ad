using System.Buffers.Binary;
using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Eeprom;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Flash;

public sealed class BootloaderRulesTests : IDisposable
{
    private readonly string _tree = Directory.CreateTempSubdirectory("waltvpn-tree-").FullName;
    // MFG_VER 1, built 2026-05-17: what the synthetic images say.
    private readonly byte[] _image = BoardImages.Pi5("vpn.example.org", BoardImages.Later);

    public void Dispose() => Directory.Delete(_tree, recursive: true);

    [Theory]
    [InlineData(0xb04170u, EepromFamily.Bcm2712)]
    [InlineData(0xd04170u, EepromFamily.Bcm2712)]
    [InlineData(0xc03115u, EepromFamily.Bcm2711)]
    public void ARevisionCodeNamesTheFamily(uint revision, object family)
    {
        Cell("system/linux,revision", revision);
        BootloaderRules.OfBoard(_tree).ShouldBe(new BootloaderRules((EepromFamily)family));
    }

    [Theory]
    [InlineData(0xa020d3u)]
    [InlineData(0x000010u)]
    [InlineData(0x004170u)]
    public void ABoardWithoutSuchAChipIsRefused(uint revision)
    {
        Cell("system/linux,revision", revision);
        Should.Throw<FlashException>(() => BootloaderRules.OfBoard(_tree)).Message.ShouldContain($"{revision:x}");
        Directory.Delete(Path.Combine(_tree, "system"), recursive: true);
        Should.Throw<FlashException>(() => BootloaderRules.OfBoard(_tree));
    }

    [Theory]
    [InlineData(0u, false)]
    [InlineData(0x7u, false)]
    [InlineData(0x8u, true)]
    [InlineData(0xfu, true)]
    public void AFusedKeyLocksTheBoard(uint cell, bool locked)
    {
        Cell("system/linux,revision", 0xc04170);
        Cell("chosen/bootloader/signed", cell);
        Cell("chosen/rpi-min-boot-ver", 2);
        var rules = BootloaderRules.OfBoard(_tree);
        rules.ShouldBe(new BootloaderRules(EepromFamily.Bcm2712, locked, LeastManufacturingVersion: 2));
        if (locked) Should.Throw<FlashException>(() => rules.Admit(_image)).Message.ShouldContain("locked");
    }

    [Fact]
    public void AnImageAtOrAboveTheMinimaIsAdmittedAndAnOlderOneIsNot()
    {
        var built = EepromImage.Parse(_image).FindVersion().BuildTime!.Value;
        var rules = new BootloaderRules(EepromFamily.Bcm2712, LeastManufacturingVersion: 1, LeastBuildTime: built);
        rules.Admit(_image).Bytes.ToArray().ShouldBe(_image);
        Should.Throw<FlashException>(() => (rules with { LeastManufacturingVersion = 2 }).Admit(_image)).Message
            .ShouldContain("MFG_VER is 1, this board needs at least 2");
        Should.Throw<FlashException>(() => (rules with { LeastBuildTime = built.AddSeconds(1) }).Admit(_image)).Message.ShouldContain("oldest one allowed");
        // What says nothing of its age counts as older.
        Should.Throw<FlashException>(() => rules.Admit(WithoutVersion())).Message.ShouldContain("MFG_VER is 0");
        Should.Throw<FlashException>(() => (rules with { LeastManufacturingVersion = 0 }).Admit(WithoutVersion())).Message.ShouldContain("an unknown time");
    }

    [Fact]
    public void AnImageOfTheOtherFamilyOrDamagedIsRefused()
    {
        Should.Throw<FlashException>(() => new BootloaderRules(EepromFamily.Bcm2711).Admit(_image)).Message.ShouldContain("it is for a Raspberry Pi 5");
        Should.Throw<FlashException>(() => new BootloaderRules(EepromFamily.Bcm2712).Admit(_image[1..])).InnerException.ShouldBeOfType<EepromException>();
    }

    private byte[] WithoutVersion()
    {
        var image = _image.ToArray();
        foreach (var label in (byte[][])["BUILD_TIMESTAMP="u8.ToArray(), "MFG_VER: "u8.ToArray()])
        {
            while (image.AsSpan().IndexOf(label) is >= 0 and var found) image[found] = (byte)'x';
        }

        return image;
    }

    private void Cell(string path, uint value)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_tree, path))!);
        File.WriteAllBytes(Path.Combine(_tree, path), bytes);
    }
}
