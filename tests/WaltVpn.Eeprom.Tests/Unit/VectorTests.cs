namespace WaltVpn.Eeprom.Tests.Unit;

/// <summary>Byte for byte what Raspberry Pi's own tool makes. Where its images are not at hand, what the rules say about synthetic ones.</summary>
public sealed class VectorTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var (edit, image) in Vectors.Results.Keys.Where(key => TestImages.Firmware.Contains(key.Image))) cases.Add(edit, image);
            foreach (var edit in Vectors.Results.Keys.Select(key => key.Edit).Distinct())
            {
                foreach (var image in SyntheticImage.Names) cases.Add(edit, image);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void TheResultIsThatOfTheVendorsTool(string edit, string image)
    {
        var original = TestImages.Load(image);
        var expected = Expected(edit, original);
        if (Vectors.Results.TryGetValue((edit, image), out var hash)) TestImages.Hash(expected!).ShouldBe(hash, "the reference editor of these tests is wrong");
        if (expected is null) Should.Throw<EepromException>(() => Edit(edit, EepromImage.Parse(original)));
        else TestImages.Hash(Edit(edit, EepromImage.Parse(original)).Bytes.Span).ShouldBe(TestImages.Hash(expected));
        original.ShouldBe(TestImages.Load(image), "the image that was edited must stay as it is");
    }

    [Theory]
    [MemberData(nameof(TestImages.All), MemberType = typeof(TestImages))]
    public void TheOrderOfEditsDoesNotMatter(string name)
    {
        var image = EepromImage.Parse(TestImages.Load(name));
        var present = EepromFiles.Replaceable.Where(file => image.Find(file) is not null);
        var edits = present.Select(file => (File: file, Content: Vectors.Bytes($"new content of {file}"))).ToList();
        var forth = edits.Aggregate(image.WithTimestamp(DateTimeOffset.UnixEpoch), (result, edit) => result.With(edit.File, edit.Content));
        var back = Enumerable.Reverse(edits).Aggregate(image, (result, edit) => result.With(edit.File, edit.Content)).WithTimestamp(DateTimeOffset.UnixEpoch);
        back.Bytes.Span.SequenceEqual(forth.Bytes.Span).ShouldBeTrue();
    }

    [Fact]
    public void TheInputsAreThoseOfTheVectors()
    {
        TestImages.Hash(Vectors.Bytes(Vectors.Config)).ShouldBe(Vectors.ConfigHash);
        Vectors.Signature.Length.ShouldBe(80);
        var key = RsaPublicKey.FromPem(Vectors.PublicKeyPem).ToBinary();
        TestImages.Hash(key).ShouldBe(Vectors.PublicKeyBinaryHash);
        key.Length.ShouldBe(264);
        Convert.ToHexStringLower(key.AsSpan(0, 8)).ShouldBe("c106907048ce5694");
        Convert.ToHexStringLower(key.AsSpan(248, 8)).ShouldBe("0b9cc8344a7d8cac");
        Convert.ToHexStringLower(key.AsSpan(256)).ShouldBe("0100010000000000");
    }

    private static EepromImage Edit(string edit, EepromImage image)
    {
        if (edit == "T") image = image.WithTimestamp(DateTimeOffset.FromUnixTimeSeconds(Vectors.Time));
        if (Vectors.ConfigOf(edit) is { } config) image = image.With(EepromFiles.BootConfig, config);
        if (edit.Contains("+S", StringComparison.Ordinal)) image = image.With(EepromFiles.BootConfigSignature, Vectors.Signature);
        return edit.Contains("+K", StringComparison.Ordinal) ? image.With(EepromFiles.PublicKey, RsaPublicKey.FromPem(Vectors.PublicKeyPem).ToBinary()) : image;
    }

    private static byte[]? Expected(string edit, byte[] original)
    {
        byte[]? image = original;
        if (edit == "T") image = ReferenceEditor.SetTime(image, Vectors.Time);
        if (image is not null && Vectors.ConfigOf(edit) is { } config) image = ReferenceEditor.Replace(image, "bootconf.txt", config);
        if (image is not null && edit.Contains("+S", StringComparison.Ordinal)) image = ReferenceEditor.Replace(image, "bootconf.sig", Vectors.Signature);
        if (image is null || !edit.Contains("+K", StringComparison.Ordinal)) return image;
        return ReferenceEditor.Replace(image, "pubkey.bin", RsaPublicKey.FromPem(Vectors.PublicKeyPem).ToBinary());
    }
}
