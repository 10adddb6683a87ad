using System.Text;

namespace WaltVpn.Eeprom.Tests.Unit;

/// <summary>Configurations of all sizes, with and without a key, against the reference; each is read again.</summary>
public sealed class GeneratedConfigTests
{
    private const int PerImage = 100;

    [Theory]
    [MemberData(nameof(TestImages.All), MemberType = typeof(TestImages))]
    public void EachSizeGivesTheReferencesBytesOrARefusal(string name)
    {
        var original = TestImages.Load(name);
        var image = EepromImage.Parse(original);
        var random = new Random(20_260_526);
        var key = RsaPublicKey.FromPem(Vectors.PublicKeyPem).ToBinary();
        var limit = image.Capacity(EepromFiles.BootConfig);
        var hasKey = image.Find(EepromFiles.PublicKey) is not null;
        for (var i = 0; i < PerImage; i++)
        {
            // Both ends of the range closely, the middle by chance.
            var size = i < 20 ? i : i < 40 ? limit + 10 - i + 20 : random.Next(limit + 1);
            var config = Text(random, size);
            var withKey = hasKey && i % 2 == 1;
            var expected = ReferenceEditor.Replace(original, "bootconf.txt", config);
            if (expected is not null && withKey) expected = ReferenceEditor.Replace(expected, "pubkey.bin", key);
            if (expected is null)
            {
                size.ShouldBeGreaterThan(limit);
                Should.Throw<EepromException>(() => image.With(EepromFiles.BootConfig, config)).Fault.ShouldBe(EepromFault.DoesNotFit);
                continue;
            }

            size.ShouldBeLessThanOrEqualTo(limit);
            var edited = image.With(EepromFiles.BootConfig, config);
            if (withKey) edited = edited.With(EepromFiles.PublicKey, key);
            edited.Bytes.Span.SequenceEqual(expected).ShouldBeTrue($"{size} bytes, key: {withKey}");
            edited.Read(EepromFiles.BootConfig).SequenceEqual(config).ShouldBeTrue();
            if (withKey) edited.Read(EepromFiles.PublicKey).SequenceEqual(key).ShouldBeTrue();
            foreach (var file in EepromFiles.Replaceable.Where(file => file != EepromFiles.BootConfig && !(withKey && file == EepromFiles.PublicKey)))
            {
                (edited.Find(file) is null).ShouldBe(image.Find(file) is null);
                if (image.Find(file) is not null) edited.Read(file).SequenceEqual(image.Read(file)).ShouldBeTrue($"{file} changed");
            }
        }
    }

    [Theory]
    [MemberData(nameof(TestImages.All), MemberType = typeof(TestImages))]
    public void EveryFileFitsUpToItsCapacityAndNotOneByteMore(string name)
    {
        var original = TestImages.Load(name);
        var image = EepromImage.Parse(original);
        foreach (var file in EepromFiles.Replaceable.Where(file => image.Find(file) is not null))
        {
            var largest = new byte[image.Capacity(file)];
            new Random(7).NextBytes(largest);
            var edited = image.With(file, largest);
            edited.Bytes.Span.SequenceEqual(ReferenceEditor.Replace(original, file, largest)).ShouldBeTrue(file);
            EepromImage.Parse(edited.Bytes.ToArray()).Read(file).SequenceEqual(largest).ShouldBeTrue(file);
            edited.Capacity(file).ShouldBe(largest.Length);
            ReferenceEditor.Replace(original, file, [.. largest, 1]).ShouldBeNull(file);
            Should.Throw<EepromException>(() => image.With(file, [.. largest, 1])).Fault.ShouldBe(EepromFault.DoesNotFit);
        }
    }

    [Theory]
    [InlineData(SyntheticImage.Pi4, EepromFiles.PublicKey, 744)]
    [InlineData(SyntheticImage.Pi5TwoPartitions, EepromFiles.PublicKey, 744)]
    [InlineData(SyntheticImage.Pi5Single, EepromFiles.CaCertificate, 2280)]
    [InlineData(SyntheticImage.Pi4, EepromFiles.BootConfigSignature, 0x500 - 24)]
    [InlineData(SyntheticImage.Pi4, EepromFiles.BootConfig, 4076)]
    [InlineData(SyntheticImage.Pi5TwoPartitions, EepromFiles.BootConfig, 4076)]
    [InlineData(SyntheticImage.Pi4Full, EepromFiles.BootConfig, 3560)]
    public void CapacityIsWhatReallyFits(string image, string file, int bytes) =>
        EepromImage.Parse(SyntheticImage.Create(image)).Capacity(file).ShouldBe(bytes);

    private static byte[] Text(Random random, int size)
    {
        var text = new StringBuilder("[all]\n");
        while (text.Length < size)
        {
            text.Append("NAME_").Append(random.Next(1000)).Append('=').Append('x', random.Next(200)).Append(random.Next(4) == 0 ? "\r\n" : "\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, size));
    }
}
