using WaltVpn.ImageBuilder.Archives;
using WaltVpn.ImageBuilder.Initramfs;

namespace WaltVpn.ImageBuilder.Tests.Unit.Hostile;

/// <summary>docs/security.md IMG-1: initramfs archives that are none of ours, each refused for its own reason.</summary>
public sealed class HostileCpioTests
{
    private static readonly Dictionary<string, (string Reason, Func<byte[]> Archive)> _cases = new()
    {
        ["absolute path"] = ("absolute", () => new RawCpio().Add(RawCpio.File, "/init").End()),
        ["climbing from the start"] = ("plain path", () => new RawCpio().Add(RawCpio.File, "../x").End()),
        ["climbing from a folder"] = ("plain path", () => new RawCpio().Add(RawCpio.File, "a/../../etc").End()),
        ["two dots"] = ("plain path", () => new RawCpio().Add(RawCpio.Folder, "..").End()),
        ["one dot"] = ("plain path", () => new RawCpio().Add(RawCpio.Folder, ".").End()),
        ["a dot first"] = ("plain path", () => new RawCpio().Add(RawCpio.File, "./a").End()),
        ["an empty part"] = ("plain path", () => new RawCpio().Add(RawCpio.File, "a//b").End()),
        ["a slash last"] = ("plain path", () => new RawCpio().Add(RawCpio.Folder, "a/").End()),
        ["an empty name"] = ("plain path", () => new RawCpio().Add(RawCpio.File, "").End()),
        ["a line break in the name"] = ("control characters", () => new RawCpio().Add(RawCpio.File, "a\nb").End()),
        ["terminal codes in the name"] = ("control characters", () => new RawCpio().Add(RawCpio.File, "\u001b[2J").End()),
        ["a part of 256 bytes"] = ("more than 255 bytes", () => new RawCpio().Add(RawCpio.File, new string('x', 256)).End()),
        ["a name that is not UTF-8"] = ("not UTF-8", () => new RawCpio().Add(RawCpio.File, "a\u00ff").End()),
        ["a NUL in the name"] = ("only NUL", () => new RawCpio().Add(RawCpio.File, "init\0x").End()),
        ["no NUL behind the name"] = ("only NUL", () => new RawCpio().Add(RawCpio.File, "init", nameSize: 4).End()),
        ["no name"] = ("a name of 0 bytes", () => new RawCpio().Add(RawCpio.File, "", nameSize: 0).End()),
        ["a name of 4098 bytes"] = ("a name of 4098 bytes", () => new RawCpio().Add(RawCpio.File, string.Join('/', Enumerable.Repeat("x", 2049))).End()),
        ["a name of 4 GiB"] = ("a name of 4294967295 bytes", () => new RawCpio().Add(RawCpio.File, "x", nameSize: uint.MaxValue).End()),

        ["FIFO"] = ("neither", () => new RawCpio().Add(0x1000, "x").End()),
        ["character device"] = ("neither", () => new RawCpio().Add(0x2000, "dev/mem").End()),
        ["block device"] = ("neither", () => new RawCpio().Add(0x6000, "dev/sda").End()),
        ["socket"] = ("neither", () => new RawCpio().Add(0xC000, "x").End()),
        ["no kind"] = ("neither", () => new RawCpio().Add(0x01A4, "x").End()),
        ["two kinds"] = ("neither", () => new RawCpio().Add(0xF000, "x").End()),
        ["a file with two names"] = ("2 names", () => new RawCpio().Add(RawCpio.File, "x", links: 2).End()),
        ["a folder with content"] = ("folder with content", () => new RawCpio().Add(RawCpio.Folder, "x", "content").End()),
        ["a link to nothing"] = ("link to nothing", () => new RawCpio().Add(RawCpio.Link, "x").End()),
        ["a link with a NUL"] = ("link to nothing", () => new RawCpio().Add(RawCpio.Link, "x", "a\0b").End()),
        ["a link of 4097 bytes"] = ("link to nothing", () => new RawCpio().Add(RawCpio.Link, "x", new string('a', 4097)).End()),

        ["a file twice"] = ("twice", () => new RawCpio().Add(RawCpio.File, "init").Add(RawCpio.File, "init").End()),
        ["a file, then a link"] = ("twice", () => new RawCpio().Add(RawCpio.File, "init").Add(RawCpio.Link, "init", "x").End()),
        ["a link, then a folder"] = ("twice", () => new RawCpio().Add(RawCpio.Link, "x", "/etc").Add(RawCpio.Folder, "x").End()),
        ["file below a link"] = ("no folder", () => new RawCpio().Add(RawCpio.Link, "x", "/etc").Add(RawCpio.File, "x/passwd").End()),
        ["file far below a link"] = ("no folder", () => new RawCpio().Add(RawCpio.Link, "x", "/").Add(RawCpio.File, "x/etc/passwd").End()),
        ["file below a file"] = ("no folder", () => new RawCpio().Add(RawCpio.File, "x").Add(RawCpio.File, "x/y").End()),

        ["nothing"] = ("too early", () => []),
        ["zeros"] = ("no cpio header", () => new byte[4096]),
        ["the magic of the old format"] = ("no cpio header", () => new RawCpio().Add(RawCpio.File, "x", spoil: header => "070707" + header[6..]).End()),
        ["the magic of the format with checksums"] = ("no cpio header", () => new RawCpio().Add(RawCpio.File, "x", spoil: header => "070702" + header[6..]).End()),
        ["a mode that is no number"] = ("Mode", () => new RawCpio().Add(RawCpio.File, "x", spoil: header => Field(header, 1, "0000000g")).End()),
        ["a size with a blank"] = ("FileSize", () => new RawCpio().Add(RawCpio.File, "x", spoil: header => Field(header, 6, "       0")).End()),
        ["a size with a sign"] = ("FileSize", () => new RawCpio().Add(RawCpio.File, "x", spoil: header => Field(header, 6, "-0000001")).End()),
        ["a name size with 0x"] = ("NameSize", () => new RawCpio().Add(RawCpio.File, "x", spoil: header => Field(header, 11, "0x000002")).End()),
        ["a count of names that is none"] = ("Links", () => new RawCpio().Add(RawCpio.File, "x", spoil: header => Field(header, 4, "zzzzzzzz")).End()),
        ["cut in a header"] = ("too early", () => new RawCpio().Add(RawCpio.File, "x").Cut()[..50]),
        ["cut in a name"] = ("too early", () => new RawCpio().Add(RawCpio.File, "a-long-name").Cut()[..115]),
        ["cut in the content"] = ("too early", () => new RawCpio().Add(RawCpio.File, "x", size: 1000).Cut()),
        ["no trailer"] = ("too early", () => new RawCpio().Add(RawCpio.File, "x").Cut()),
        ["a size beyond the end"] = ("too early", () => new RawCpio().Add(RawCpio.File, "x", size: 1 << 29).End()),
        ["a size of 2 GiB"] = ("too large", () => new RawCpio().Add(RawCpio.File, "x", size: int.MaxValue).End()),
        ["a size of 4 GiB"] = ("too large", () => new RawCpio().Add(RawCpio.File, "x", size: uint.MaxValue).End()),

        ["a trailer with content"] = ("behind its end", () => new RawCpio().Add(RawCpio.File, "x").Add(0, "TRAILER!!!", "content").Cut()),
        ["bytes behind the trailer"] = ("behind its end", () => [.. new RawCpio().Add(RawCpio.File, "x").End(), 1]),
        ["a second archive behind the trailer"] = ("behind its end", () => [.. new RawCpio().Add(RawCpio.File, "x").End(), .. new RawCpio().Add(RawCpio.File, "init").End()]),
        ["a second archive behind padding"] = ("behind its end", () => [.. new RawCpio().Add(RawCpio.File, "x").End(), .. new byte[512], .. new RawCpio().Add(RawCpio.File, "init").End()]),
        ["one entry too many"] = ("more than 100000 entries", () => Many(ArchiveLimits.MaxEntries + 1).End()),
    };

    public static TheoryData<string> Cases => [.. _cases.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void ItIsRefused(string name)
    {
        var (reason, archive) = _cases[name];
        Should.Throw<InvalidDataException>(() => NewcArchive.Read(archive())).Message.ShouldContain(reason);
    }

    [Fact]
    public void WhatIsNotHostileIsRead()
    {
        byte[] archive = [.. new RawCpio().Add(RawCpio.Folder, "bin", links: 2).Add(RawCpio.Link, "bin/sh", "/bin/busybox").Add(RawCpio.File, "init", "content").End(), .. new byte[512]];
        NewcArchive.Read(archive).Select(entry => (entry.Path, entry.Kind)).ShouldBe(
            [("bin", ArchiveEntryKind.Folder), ("bin/sh", ArchiveEntryKind.Link), ("init", ArchiveEntryKind.File)]);
        NewcArchive.Read(Many(ArchiveLimits.MaxEntries).End()).Count.ShouldBe(ArchiveLimits.MaxEntries);
    }

    [Fact]
    public void ADamagedByteIsReadOrRefusedButNothingElse()
    {
        var whole = new RawCpio().Add(RawCpio.Folder, "bin").Add(RawCpio.Link, "bin/sh", "busybox").Add(RawCpio.File, "init", "content").End();
        var random = new Random(20261120);
        var refused = 0;
        for (var round = 0; round < 50_000; round++)
        {
            var archive = whole.ToArray();
            archive[random.Next(archive.Length)] = (byte)random.Next(256);
            refused += IsRefused(archive) ? 1 : 0;
        }

        refused.ShouldBeInRange(10_000, 49_000);
    }

    private static bool IsRefused(byte[] archive)
    {
        try
        {
            NewcArchive.Read(archive);
            return false;
        }
        catch (InvalidDataException)
        {
            return true;
        }
    }

    private static RawCpio Many(int count)
    {
        var archive = new RawCpio();
        for (var i = 0; i < count; i++) archive.Add(RawCpio.File, $"{i}");
        return archive;
    }

    private static string Field(string header, int index, string text) => header[..(6 + (8 * index))] + text + header[(14 + (8 * index))..];
}
