using System.Buffers.Binary;

namespace WaltVpn.Eeprom.Tests.Unit;

/// <summary>What is no image, or must not become one, is refused with a reason that says where and what to do.</summary>
public sealed class RefusalTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(EepromImage.Bcm2711Size - 1)]
    [InlineData(EepromImage.Bcm2711Size + 1)]
    [InlineData(1024 * 1024)]
    [InlineData(EepromImage.Bcm2712Size + 8)]
    public void AnotherSizeIsNoImage(int bytes) => Refused(EepromFault.WrongSize, new byte[bytes], $"it has {bytes} bytes", "524288", "2097152");

    [Theory]
    [InlineData(0x00, "starts with zeros")]
    [InlineData(0xff, "starts with erased bytes")]
    [InlineData(0x41, "at offset 0x0 stands 0x41414141")]
    public void NothingInItIsNoImage(byte value, string reason)
    {
        var bytes = new byte[EepromImage.Bcm2712Size];
        bytes.AsSpan().Fill(value);
        Refused(EepromFault.BadMagic, bytes, reason);
    }

    [Theory]
    [MemberData(nameof(TestImages.All), MemberType = typeof(TestImages))]
    public void ABrokenLinkIsNamedWithItsOffset(string name)
    {
        var original = TestImages.Load(name);
        foreach (var section in EepromImage.Parse(original).Sections.Skip(1))
        {
            var bytes = (byte[])original.Clone();
            bytes[section.Offset] = 0x56;
            Refused(EepromFault.BadMagic, bytes, $"at offset 0x{section.Offset:x} stands 0x56aa");
        }
    }

    [Theory]
    [MemberData(nameof(TestImages.All), MemberType = typeof(TestImages))]
    public void ASectionThatEndsAfterTheImageIsTruncated(string name)
    {
        var original = TestImages.Load(name);
        foreach (var section in EepromImage.Parse(original).Sections)
        {
            foreach (var length in (uint[])[(uint)(original.Length - section.Offset - 7), 0x7fffffff, 0x80000000, 0xffffffff])
            {
                var bytes = (byte[])original.Clone();
                BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(section.Offset + 4), length);
                Refused(EepromFault.Truncated, bytes, $"0x{section.Offset:x}", $"{length} bytes follow");
            }
        }
    }

    [Fact]
    public void AFileShorterThanItsHeaderOverlapsTheNext()
    {
        var bytes = SyntheticImage.Create(SyntheticImage.Pi5Single);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(0xae804), 15);
        Refused(EepromFault.Overlap, bytes, "0xae800", "15 bytes");
    }

    [Theory]
    [InlineData("\u001b[2J")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a\0b")]
    public void AFileNameThatIsNoneIsRefused(string name)
    {
        var bytes = SyntheticImage.Create(SyntheticImage.Pi4);
        bytes.AsSpan(0x72e08, 12).Clear();
        Vectors.Bytes(name).CopyTo(bytes, 0x72e08);
        Refused(EepromFault.BadMagic, bytes, "0x72e00", "no readable name");
    }

    [Theory]
    [InlineData(SyntheticImage.Pi4Old, EepromFiles.PublicKey, "May 2021")]
    [InlineData(SyntheticImage.Pi4Old, EepromFiles.BootConfigSignature, "May 2021")]
    [InlineData(SyntheticImage.Pi5Old, EepromFiles.CaCertificate, "April 2024")]
    public void AFileThatOldImagesLackIsNotFound(string image, string file, string since)
    {
        var error = Should.Throw<EepromException>(() => EepromImage.Parse(SyntheticImage.Create(image)).With(file, "x"u8));
        error.Fault.ShouldBe(EepromFault.NotFound);
        error.Message.ShouldContain(file);
        error.Message.ShouldContain(since);
        Should.Throw<EepromException>(() => { EepromImage.Parse(SyntheticImage.Create(image)).Read(file); }).Fault.ShouldBe(EepromFault.NotFound);
    }

    [Theory]
    [InlineData(745)]
    [InlineData(748)]
    public void TheVendorsLastFourBytesAreRefusedInsteadOfOverwritingTheNextSection(int bytes)
    {
        var error = Should.Throw<EepromException>(
            () => EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions)).With(EepromFiles.PublicKey, new byte[bytes]));
        error.Fault.ShouldBe(EepromFault.DoesNotFit);
        error.Message.ShouldContain("0xa1e00");
        error.Message.ShouldContain($"room for 744; make it {bytes - 744} bytes shorter");
    }

    [Fact]
    public void FirmwareIsNothingToReplace() =>
        Should.Throw<ArgumentException>(() => EepromImage.Parse(SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions)).With("bootsys", "x"u8));

    [Fact]
    public void AnImageWithOneOfItsTwoTimesTakesNone()
    {
        var bytes = SyntheticImage.Create(SyntheticImage.Pi5TwoPartitions);
        bytes[0xa1d18] = (byte)'x';
        Should.Throw<EepromException>(() => EepromImage.Parse(bytes).WithTimestamp(DateTimeOffset.UnixEpoch)).Fault.ShouldBe(EepromFault.NotFound);
    }

    private static void Refused(EepromFault fault, byte[] bytes, params IReadOnlyList<string> words)
    {
        var error = Should.Throw<EepromException>(() => EepromImage.Parse(bytes));
        error.Fault.ShouldBe(fault, error.Message);
        foreach (var word in words) error.Message.ShouldContain(word);
    }
}
