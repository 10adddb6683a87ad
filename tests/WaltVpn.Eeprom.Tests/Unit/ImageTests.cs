namespace WaltVpn.Eeprom.Tests.Unit;

public sealed class ImageTests
{
    [Theory]
    [InlineData(SyntheticImage.Pi4, EepromFamily.Bcm2711, EepromLayout.OnePartition)]
    [InlineData(SyntheticImage.Pi4Old, EepromFamily.Bcm2711, EepromLayout.OnePartition)]
    [InlineData(SyntheticImage.Pi5Single, EepromFamily.Bcm2712, EepromLayout.OnePartition)]
    [InlineData(SyntheticImage.Pi5TwoPartitions, EepromFamily.Bcm2712, EepromLayout.TwoPartitions)]
    public void FamilyAndLayoutAreRecognised(string name, EepromFamily family, EepromLayout layout)
    {
        var image = EepromImage.Parse(SyntheticImage.Create(name));
        image.Family.ShouldBe(family);
        image.Layout.ShouldBe(layout);
    }

    [Theory]
    [MemberData(nameof(TestImages.All), MemberType = typeof(TestImages))]
    public void SectionsStandOneBehindTheOther(string name)
    {
        var sections = EepromImage.Parse(TestImages.Load(name)).Sections;
        sections[0].Kind.ShouldBe(EepromSectionKind.BootCode);
        foreach (var (section, next) in sections.Zip(sections.Skip(1)))
        {
            section.ContentOffset.ShouldBe(section.Offset + (section.Kind == EepromSectionKind.File ? 24 : 8));
            next.Offset.ShouldBe((section.End + 7) / 8 * 8);
        }
    }

    [Theory]
    [MemberData(nameof(TestImages.All), MemberType = typeof(TestImages))]
    public void TheVersionIsFound(string name)
    {
        var version = EepromImage.Parse(TestImages.Load(name)).FindVersion();
        version.BuildTime.ShouldNotBeNull();
        version.Hash.ShouldNotBeNull();
        if (TestImages.Firmware.Contains(name)) return;
        version.ShouldBe(new EepromVersion(DateTimeOffset.FromUnixTimeSeconds(1779045198), "224877da", 1));
    }

    [Fact]
    public void AnImageThatSaysNothingHasNoVersion()
    {
        var bytes = SyntheticImage.Create(SyntheticImage.Pi4);
        for (var at = 0x5000; at < 0x5060; at++) bytes[at] = 0;
        EepromImage.Parse(bytes).FindVersion().ShouldBe(new EepromVersion(null, null, 0));
    }

    [Theory]
    [MemberData(nameof(TestImages.All), MemberType = typeof(TestImages))]
    public void TheTimeIsReadAgain(string name)
    {
        var image = EepromImage.Parse(TestImages.Load(name));
        image.ReadTimestamp().ShouldBeNull();
        foreach (var seconds in (long[])[0, 1_700_000_000, uint.MaxValue - 1])
        {
            var time = DateTimeOffset.FromUnixTimeSeconds(seconds);
            image.WithTimestamp(time).ReadTimestamp().ShouldBe(time);
        }

        Should.Throw<OverflowException>(() => image.WithTimestamp(DateTimeOffset.FromUnixTimeSeconds(1L << 32)));
    }

    [Fact]
    public void AnUnsetFileIsAllZeros()
    {
        var image = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5Old));
        EepromImage.IsUnset(image.Read(EepromFiles.PublicKey)).ShouldBeTrue();
        EepromImage.IsUnset(image.Read(EepromFiles.BootConfig)).ShouldBeFalse();
    }

    [Fact]
    public void ThePartitionThatIsEditedIsAAndTheOtherStays()
    {
        var image = EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5BothFilled));
        var edited = image.With(EepromFiles.BootConfig, "x"u8);
        edited.Bytes.Span[0x107000..].SequenceEqual(image.Bytes.Span[0x107000..]).ShouldBeTrue();
        edited.Read(EepromFiles.BootConfig).SequenceEqual("x"u8).ShouldBeTrue();
    }
}
