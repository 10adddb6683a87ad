using System.Text;
using WaltVpn.ImageBuilder.Archives;
using WaltVpn.ImageBuilder.Packages;

namespace WaltVpn.ImageBuilder.Tests.Unit.Hostile;

/// <summary>docs/security.md IMG-1: file archives that no package of ours has, each refused for its own reason.</summary>
public sealed class HostileTarTests
{
    /// <summary>Bytes of the package that the archives are said to come from: they may unfold to <see cref="ArchiveLimits.RatioFloor"/>.</summary>
    private const long Packed = 1000;

    /// <summary>By name: a part of the message, and the archive.</summary>
    private static readonly Dictionary<string, (string Reason, Func<byte[]> Archive)> _cases = new()
    {
        ["absolute path"] = ("absolute", () => new RawTar().Add("/etc/passwd").End()),
        ["absolute path behind the dot"] = ("absolute", () => new RawTar().Add(".//etc/passwd").End()),
        ["two slashes first"] = ("absolute", () => new RawTar().Add("//x").End()),
        ["climbing from the start"] = ("plain path", () => new RawTar().Add("../x").End()),
        ["climbing behind the dot"] = ("plain path", () => new RawTar().Add("./../etc/passwd").End()),
        ["climbing from a folder"] = ("plain path", () => new RawTar().Add("./usr/../../etc/passwd").End()),
        ["climbing at the end"] = ("plain path", () => new RawTar().Add("./usr/..").End()),
        ["two dots"] = ("plain path", () => new RawTar().Add("..", '5').End()),
        ["an empty part"] = ("plain path", () => new RawTar().Add("./usr//x").End()),
        ["a dot as a part"] = ("plain path", () => new RawTar().Add("./usr/./x").End()),
        ["two slashes last"] = ("plain path", () => new RawTar().Add("./usr//", '5').End()),
        ["no name"] = ("plain path", () => new RawTar().Add("").End()),
        ["a line break in the name"] = ("control characters", () => new RawTar().Add("./a\nb").End()),
        ["terminal codes in the name"] = ("control characters", () => new RawTar().Add("./\u001b[2J").End()),
        ["climbing by the prefix field"] = ("plain path", () => new RawTar().Add("x", spoil: header => RawTar.Put(header, 345, "..")).End()),
        ["absolute by the prefix field"] = ("absolute", () => new RawTar().Add("passwd", spoil: header => RawTar.Put(header, 345, "/etc")).End()),
        ["climbing by GNU long name"] = ("plain path", () => new RawTar().AddLongName("./a/../../b").Add("x").End()),
        ["absolute by pax path"] = ("absolute", () => new RawTar().AddPax("path", "/etc/passwd").Add("x").End()),
        ["climbing by pax path"] = ("plain path", () => new RawTar().AddPax("path", "../x").Add("x").End()),
        ["a part of 256 bytes"] = ("more than 255 bytes", () => new RawTar().AddLongName("./" + new string('x', 256)).Add("x").End()),
        ["a path of 5000 bytes"] = ("more than 4096 bytes", () => new RawTar().AddLongName("./" + string.Join('/', Enumerable.Repeat("x", 2500))).Add("x").End()),

        ["hard link to an absolute path"] = ("absolute", () => new RawTar().Add("./x", '1', "/etc/passwd").End()),
        ["hard link that climbs"] = ("plain path", () => new RawTar().Add("./x", '1', "./../x").End()),
        ["hard link that climbs by pax"] = ("plain path", () => new RawTar().AddPax("linkpath", "../x").Add("./x", '1', "./a").End()),
        ["hard link to what comes later"] = ("did not come before", () => new RawTar().Add("./x", '1', "./y").Add("./y").End()),
        ["hard link to itself"] = ("did not come before", () => new RawTar().Add("./x", '1', "./x").End()),
        ["symbolic link to nothing"] = ("link to nothing", () => new RawTar().Add("./x", '2').End()),
        ["file below a symbolic link"] = ("no folder", () => new RawTar().Add("./x", '2', "/etc").Add("./x/passwd").End()),
        ["file far below a symbolic link"] = ("no folder", () => new RawTar().Add("./x", '2', "/").Add("./x/etc/passwd").End()),
        ["file below a file"] = ("no folder", () => new RawTar().Add("./x").Add("./x/y").End()),
        ["the root is a link"] = ("plain path", () => new RawTar().Add("./", '2', "/etc").End()),

        ["character device"] = ("kind", () => new RawTar().Add("./dev/mem", '3').End()),
        ["block device"] = ("kind", () => new RawTar().Add("./dev/sda", '4').End()),
        ["FIFO"] = ("kind", () => new RawTar().Add("./x", '6').End()),
        ["contiguous file"] = ("kind", () => new RawTar().Add("./x", '7').End()),
        ["GNU sparse file"] = ("", () => new RawTar().Add("./x", 'S').End()),
        ["GNU folder with names"] = ("kind", () => new RawTar().Add("./x", 'D').End()),
        ["continued from another volume"] = ("kind", () => new RawTar().Add("./x", 'M').End()),
        ["volume label"] = ("kind", () => new RawTar().Add("./x", 'V').End()),
        ["unknown kind"] = ("kind", () => new RawTar().Add("./x", 'Q').End()),
        ["global attributes"] = ("kind", () => new RawTar().AddPax("path", "../x", 'g').Add("./x").End()),

        ["a file twice"] = ("twice", () => new RawTar().Add("./x").Add("./x").End()),
        ["a file, then a link"] = ("twice", () => new RawTar().Add("./x").Add("./x", '2', "y").End()),
        ["a link, then a file"] = ("twice", () => new RawTar().Add("./x", '2', "/etc/passwd").Add("./x").End()),
        ["a folder, then a file"] = ("twice", () => new RawTar().Add("./x/", '5').Add("./x").End()),
        ["twice in two spellings"] = ("twice", () => new RawTar().Add("./x").Add("x").End()),

        ["cut in a header"] = ("", () => new RawTar().Add("./x").Cut()[..300]),
        ["cut in the content"] = ("", () => new RawTar().Add("./x", size: "00000010000\0").Cut()),
        ["cut in a long name"] = ("", () => new RawTar().Add("././@LongLink", 'L', size: "00000010000\0").Cut()),
        ["a checksum that is no number"] = ("", () => Change(new RawTar().Add("./x").End(), 148, (byte)'y')),
        ["a size that is no number"] = ("", () => new RawTar().Add("./x", size: "zzzzzzzzzzz\0").End()),
        ["a negative size"] = ("", () => new RawTar().Add("./x", spoil: header => header.AsSpan(124, 12).Fill(0xff)).End()),
        ["a size of 2^63 - 1"] = ("", () => new RawTar().Add("./x", spoil: PutLargestSize).End()),
        ["a size of 8 GiB"] = ("", () => new RawTar().Add("./x", size: "77777777777\0").End()),
        ["a size of 8 GiB by pax"] = ("", () => new RawTar().AddPax("size", "8589934592").Add("./x").End()),
        ["a size that is no number by pax"] = ("", () => new RawTar().AddPax("size", "-1").Add("./x").End()),
        ["a long name of 1.9 GB"] = ("", () => new RawTar().Add("././@LongLink", 'L', size: "16000000000\0").End()),
        ["attributes of 1.9 GB"] = ("", () => new RawTar().Add("pax", 'x', size: "16000000000\0").End()),
        ["an attribute with a wrong length"] = ("", () => new RawTar().Add("pax", 'x', data: "99 path=x\n"u8.ToArray()).Add("./x").Cut()),

        ["content that was packed to a thousandth"] = ("unfolds to more than", () => new RawTar().Add("./x", data: new byte[2 << 20]).End()),
        ["a name that was packed to a thousandth"] = ("unfolds to more than", () => new RawTar().AddLongName(new string('x', 2 << 20)).Add("./x").End()),
        ["much behind the end"] = ("unfolds to more than", () => [.. new RawTar().Add("./x").End(), .. new byte[2 << 20]]),
        ["many small entries from little"] = ("unfolds to more than", () => Many(10_000).End()),
    };

    public static TheoryData<string> Cases => [.. _cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task ItIsRefused(string name)
    {
        var (reason, archive) = _cases[name];
        (await Should.ThrowAsync<InvalidDataException>(() => ReadAsync(archive(), Packed))).Message.ShouldContain(reason);
    }

    [Fact]
    public async Task WhatIsNotHostileIsRead()
    {
        var archive = new RawTar().Add("./", '5').Add("./usr/", '5').Add("./usr/a", data: "content"u8.ToArray()).Add("./usr/b", '2', "../../x").Add("./usr/c", '1', "./usr/a")
            .AddLongName("./usr/" + new string('d', 200)).Add("./usr/d").AddPax("path", "./usr/e").Add("x").End();
        (await ReadAsync(archive, Packed)).ShouldBe(["/usr", "/usr/a=content", "/usr/b", "/usr/c", "/usr/" + new string('d', 200) + "=", "/usr/e="]);
    }

    [Fact]
    public async Task AsManyEntriesAsAllowedAreReadAndOneMoreIsRefused()
    {
        const long Large = 10_000_000;
        (await ReadAsync(Many(ArchiveLimits.MaxEntries).End(), Large)).Count.ShouldBe(ArchiveLimits.MaxEntries);
        (await Should.ThrowAsync<InvalidDataException>(() => ReadAsync(Many(ArchiveLimits.MaxEntries + 1).End(), Large))).Message.ShouldContain("more than 100000 entries");
    }

    [Fact]
    public async Task ADamagedByteIsReadOrRefusedButNothingElse()
    {
        var whole = new RawTar().Add("./usr/", '5').AddLongName("./usr/a").Add("x", data: new byte[700]).AddPax("path", "./usr/b").Add("y").Add("./c", '2', "d").Add("./e", '1', "./c").End();
        var random = new Random(20261120);
        var refused = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var archive = whole.ToArray();
            var header = random.Next(whole.Length / RawTar.BlockBytes) * RawTar.BlockBytes;
            archive[header + random.Next(RawTar.BlockBytes)] = (byte)random.Next(256);
            // Without a right checksum nothing else is looked at.
            if (archive[header + 257] == 'u') MakeChecksum(archive.AsSpan(header, RawTar.BlockBytes));
            refused += await IsRefusedAsync(archive) ? 1 : 0;
        }

        refused.ShouldBeInRange(1000, 19_000);
    }

    private static async Task<bool> IsRefusedAsync(byte[] archive)
    {
        try
        {
            await ReadAsync(archive, Packed);
            return false;
        }
        catch (InvalidDataException)
        {
            return true;
        }
    }

    private static async Task<List<string>> ReadAsync(byte[] archive, long packed)
    {
        var seen = new List<string>();
        using var tar = new MemoryStream(archive);
        await PackageReader.ReadTarAsync(
            tar,
            packed,
            async entry =>
            {
                using var data = new MemoryStream();
                await entry.Data.CopyToAsync(data, TestContext.Current.CancellationToken);
                seen.Add(entry.Type is System.Formats.Tar.TarEntryType.RegularFile ? $"{entry.Path}={Encoding.UTF8.GetString(data.ToArray())}" : entry.Path);
            },
            TestContext.Current.CancellationToken);
        return seen;
    }

    private static RawTar Many(int count)
    {
        var tar = new RawTar();
        for (var i = 0; i < count; i++) tar.Add($"./{i}");
        return tar;
    }

    /// <summary>Base 256: the first bit of the field says so, its last eight bytes hold the number.</summary>
    private static void PutLargestSize(byte[] header)
    {
        header.AsSpan(124, 12).Clear();
        header[124] = 0x80;
        header.AsSpan(128, 8).Fill(0xff);
        header[128] = 0x7f;
    }

    private static void MakeChecksum(Span<byte> header)
    {
        header.Slice(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var value in header) sum += value;
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(header[148..]);
    }

    private static byte[] Change(byte[] archive, int offset, byte value)
    {
        archive[offset] = value;
        return archive;
    }
}
