using System.Text;

namespace WaltVpn.Eeprom.Tests.Unit;

/// <summary>A million damaged images and configurations: each gives a refusal of ours or a right result, never another exception. The seeds are
/// fixed, so that a failure comes again.</summary>
public sealed class FuzzTests
{
    private const int Images = 700_000;
    private const int Configs = 290_000;
    private const int Credentials = 10_000;

    /// <summary>One in so many is edited too and compared with the reference; copying two mebibytes costs a thousand times the reading.</summary>
    private const int EditEach = 1_000;

    [Fact]
    public void DamagedImagesAreRefusedOrRightlyRead()
    {
        var names = SyntheticImage.Names.Concat(TestImages.Firmware).ToList();
        var (read, edited) = (0, 0);
        foreach (var name in names)
        {
            var image = TestImages.Load(name);
            var places = EepromImage.Parse(image).Sections.Select(section => section.Offset).Append(image.Length - 8).ToList();
            var random = new Random(names.IndexOf(name) + 1);
            for (var i = 0; i < Images / names.Count; i++)
            {
                var damage = Damage(image, places, random);
                if (TryParse(image) is { } parsed)
                {
                    read++;
                    foreach (var section in parsed.Sections)
                    {
                        if (section.Offset < 0 || section.Size < 0 || section.End > image.Length) Assert.Fail($"{name}, round {i}: {section}");
                    }

                    if (read % EditEach == 0) edited += CompareEdit(parsed, image, random);
                }

                Undo(image, damage);
            }

            image.ShouldBe(TestImages.Load(name));
        }

        read.ShouldBeGreaterThan(Images / 20);
        edited.ShouldBeGreaterThan(10);
    }

    [Fact]
    public void RandomConfigurationsAreKeptAndEditedInOnePlace()
    {
        string[] pieces =
        [
            "[all]", "[pi5]", "[config.txt]", "[", "]", "=", "#", "\n", "\r\n", "\r", " ", "\t", "\u00ff",
            "BOOT_ORDER", "0xf41", "HTTP_HOST", "A", "WALT_VPN_CREDS",
        ];
        var random = new Random(1);
        var text = new StringBuilder();
        for (var i = 0; i < Configs; i++)
        {
            text.Clear();
            for (var length = random.Next(24); length > 0; length--) text.Append(pieces[random.Next(pieces.Length)]);
            if (random.Next(50) == 0) text.Append('\0');
            var bytes = Encoding.Latin1.GetBytes(text.ToString());
            if (TryParseConfig(bytes) is not { } config)
            {
                bytes.ShouldContain((byte)0);
                continue;
            }

            var edited = config.With("A", "new");
            var again = BootConfig.Parse(edited.ToBytes());
            var others = config.Lines.Where(line => !(line.IsUnconditional && line.Name == "A")).Select(line => line.Text);
            var kept = new Queue<string>(again.Lines.Select(line => line.Text));
            var whole = config.ToBytes().AsSpan().SequenceEqual(bytes) && again.Find("A") == "new" && again.Without("A").Find("A") is null;
            foreach (var line in others) whole &= Skip(kept, line);
            if (!whole) Assert.Fail($"round {i}: {Convert.ToHexString(bytes)}");
            _ = config.FindProblems();
            _ = config.WithoutSecrets();
        }
    }

    [Fact]
    public void DamagedCredentialsAreRefusedOrRead()
    {
        var credentials = new VpnCredentials { PrivateKey = new("key\n"), Certificate = "certificate\n", KnownHosts = "hosts\n" };
        var packed = Convert.FromBase64String(credentials.Pack());
        var random = new Random(2);
        var plain = Unfold(packed);
        for (var i = 0; i < Credentials; i++)
        {
            // Half of them inside the archive, where a checksum would else hide most of it from the reader of the archive.
            var damaged = (byte[])(i % 2 == 0 ? packed : plain).Clone();
            for (var bytes = random.Next(1, 4); bytes > 0; bytes--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                VpnCredentials.Unpack(Convert.ToBase64String(i % 2 == 0 ? damaged : Fold(damaged)));
            }
            catch (EepromException error)
            {
                error.Fault.ShouldBe(EepromFault.BadCredentials);
            }
        }
    }

    [Fact]
    public void EveryFlippedByteOfCredentialsIsRefusedOrChangesNothing()
    {
        var credentials = new VpnCredentials
        {
            PrivateKey = new("key\n"),
            Certificate = "certificate\n",
            KnownHosts = "hosts\n",
            Mark = new CredentialsMark("lab", 1_800_000_000),
        };
        var value = Encoding.ASCII.GetBytes(credentials.Pack());
        var plain = Unfold(Convert.FromBase64String(credentials.Pack()));
        for (var bit = 0; bit < 8; bit++)
        {
            for (var i = 0; i < value.Length; i++) RefusedOrSame(Encoding.Latin1.GetString(Flipped(value, i, bit)));
            // Inside the archive, where gzip's own checksum is of the damage.
            for (var i = 0; i < plain.Length; i++) RefusedOrSame(Convert.ToBase64String(Fold(Flipped(plain, i, bit))));
        }

        void RefusedOrSame(string damaged)
        {
            try
            {
                var read = VpnCredentials.Unpack(damaged);
                (read.PrivateKey.Reveal(), read.Certificate, read.KnownHosts, read.Mark).ShouldBe(("key\n", "certificate\n", "hosts\n", credentials.Mark));
            }
            catch (EepromException error)
            {
                error.Fault.ShouldBe(EepromFault.BadCredentials);
            }
        }

        static byte[] Flipped(byte[] bytes, int at, int bit)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[at] ^= (byte)(1 << bit);
            return damaged;
        }
    }

    /// <summary>Overwrites up to four small regions, most of them at section headers.</summary>
    private static List<(int Offset, byte[] Old)> Damage(byte[] image, List<int> places, Random random)
    {
        var undo = new List<(int, byte[])>();
        for (var regions = random.Next(1, 5); regions > 0; regions--)
        {
            var near = random.Next(8) > 0;
            var offset = near ? places[random.Next(places.Count)] + random.Next(24) : random.Next(image.Length);
            var length = Math.Min(random.Next(1, 5), image.Length - offset);
            if (length <= 0) continue;
            undo.Add((offset, image[offset..(offset + length)]));
            // Single bits keep more images readable than random bytes do.
            foreach (ref var value in image.AsSpan(offset, length)) value = (byte)(random.Next(3) == 0 ? random.Next(256) : value ^ (1 << random.Next(8)));
        }

        return undo;
    }

    private static void Undo(byte[] image, List<(int Offset, byte[] Old)> damage)
    {
        for (var i = damage.Count - 1; i >= 0; i--) damage[i].Old.CopyTo(image, damage[i].Offset);
    }

    private static EepromImage? TryParse(byte[] image)
    {
        try
        {
            return EepromImage.Parse(image);
        }
        catch (EepromException)
        {
            return null;
        }
    }

    private static BootConfig? TryParseConfig(byte[] text)
    {
        try
        {
            return BootConfig.Parse(text);
        }
        catch (EepromException)
        {
            return null;
        }
    }

    /// <returns>1 when there was something to compare.</returns>
    private static int CompareEdit(EepromImage parsed, byte[] image, Random random)
    {
        var file = EepromFiles.Replaceable[random.Next(EepromFiles.Replaceable.Count)];
        var content = new byte[random.Next(4100)];
        random.NextBytes(content);
        var expected = ReferenceEditor.Replace(image, file, content);
        byte[]? result;
        try
        {
            result = parsed.With(file, content).Bytes.ToArray();
        }
        catch (EepromException)
        {
            result = null;
        }

        (result is null).ShouldBe(expected is null, $"{file}, {content.Length} bytes");
        if (result is null) return 0;
        result.AsSpan().SequenceEqual(expected).ShouldBeTrue($"{file}, {content.Length} bytes");
        return 1;
    }

    /// <summary>Takes the next line of that text off the queue, and what was added before it.</summary>
    private static bool Skip(Queue<string> lines, string text)
    {
        while (lines.TryDequeue(out var line))
        {
            if (line == text) return true;
        }

        return false;
    }

    private static byte[] Unfold(byte[] packed)
    {
        using var plain = new MemoryStream();
        using var gzip = new System.IO.Compression.GZipStream(new MemoryStream(packed), System.IO.Compression.CompressionMode.Decompress);
        gzip.CopyTo(plain);
        return plain.ToArray();
    }

    private static byte[] Fold(byte[] plain)
    {
        using var packed = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest)) gzip.Write(plain);
        return packed.ToArray();
    }
}
