using System.Text;
using WaltVpn.ImageBuilder.Initramfs;

namespace WaltVpn.ImageBuilder.Tests.Unit;

public sealed class NewcArchiveTests
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly ArchiveEntry[] _entries =
    [
        new("bin", ArchiveEntryKind.Folder, Mode, default),
        new("bin/sh", ArchiveEntryKind.Link, Mode, "busybox"u8.ToArray()),
        new("init", ArchiveEntryKind.File, Mode, "#!/bin/sh\n"u8.ToArray()),
        new("tmp", ArchiveEntryKind.Folder, Mode | UnixFileMode.StickyBit, default),
    ];

    [Fact]
    public async Task CpioReadsWhatWeWrite()
    {
        HostProgram.Require("cpio");
        var list = await HostProgram.CheckAsync("cpio", ["-itv", "--quiet", "--numeric-uid-gid"], input: Write(_entries));
        list.ShouldContain("lrwx------   1 0        0               7 Jan  1  2020 bin/sh -> busybox");
        list.ShouldContain("drwx-----T   1 0        0               0 Jan  1  2020 tmp");
    }

    [Fact]
    public async Task WeReadWhatCpioWrites()
    {
        HostProgram.Require("cpio");
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["file"], "content", TestContext.Current.CancellationToken);
        await HostProgram.CheckAsync("cpio", ["-o", "-H", "newc", "--quiet", "-F", "archive"], folder.Path, "file\n"u8.ToArray());
        var entry = NewcArchive.Read(await File.ReadAllBytesAsync(folder["archive"], TestContext.Current.CancellationToken)).ShouldHaveSingleItem();
        entry.Path.ShouldBe("file");
        Encoding.UTF8.GetString(entry.Data.Span).ShouldBe("content");
    }

    [Fact]
    public void TheOrderOfEntriesDoesNotMatter() => Write([.. _entries.Reverse()]).ShouldBe(Write(_entries));

    [Fact]
    public void AnArchiveCutAnywhereIsRefused()
    {
        var whole = Write(_entries);
        // Behind the trailer's name only padding follows, which nobody needs.
        var needed = whole.AsSpan().LastIndexOf((byte)'!') + 2;
        for (var length = 0; length < needed; length++) Should.Throw<InvalidDataException>(() => NewcArchive.Read(whole.AsMemory(0, length)));
    }

    private static byte[] Write(ArchiveEntry[] entries)
    {
        using var archive = new MemoryStream();
        NewcArchive.Write(archive, entries, new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return archive.ToArray();
    }
}
