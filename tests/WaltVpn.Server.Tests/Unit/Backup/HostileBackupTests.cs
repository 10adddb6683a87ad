using System.Formats.Tar;
using System.Text;
using Shouldly;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Backup;

/// <summary>Archives of somebody who knows the passphrase: each is refused with a reason, and the machine stays as it was.</summary>
public sealed class HostileBackupTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OnlyABackupIsRestored()
    {
        await using var server = await BackupServer.Start();
        (await server.Create()).Status.ShouldBe(0);
        var good = await server.Members(Cancellation);
        var files = good.Skip(1).ToList();
        var manifest = BackupServer.Manifest(good);
        await server.Platform.StopDaemon();
        server.Burn();

        foreach (var name in (string[])["settings/../../evil", "/etc/evil", "..", "settings/other.yaml", "host-keys/00", "host-keys/100", "host-keys/-1", "boot-images/A", "addresses/020000000001", "addresses/02-00-00-00-00-0G", "addresses/02-00-00-00-0001-", "database/x"])
        {
            await Refused($"file '{name}'", BackupServer.Tar(BackupServer.Described(manifest, [.. files, (name, [1])])), "belongs to no WaltVpn server");
            // The name in the archive alone.
            await Refused($"member '{name}'", BackupServer.Tar(good, member => member == "ca/key.pub" ? new UstarTarEntry(TarEntryType.RegularFile, name) : null), "is expected");
        }

        (string What, TarEntry Entry)[] kinds =
        [
            ("symbolic link", new UstarTarEntry(TarEntryType.SymbolicLink, "ca/key") { LinkName = "/etc/shadow" }),
            ("hard link", new UstarTarEntry(TarEntryType.HardLink, "ca/key") { LinkName = "/etc/shadow" }),
            ("device", new UstarTarEntry(TarEntryType.CharacterDevice, "ca/key") { DeviceMajor = 1, DeviceMinor = 5 }),
            ("pipe", new UstarTarEntry(TarEntryType.Fifo, "ca/key")),
            ("folder", new UstarTarEntry(TarEntryType.Directory, "ca/key")),
            ("member of another format", new PaxTarEntry(TarEntryType.RegularFile, "ca/key")),
            ("member of GNU's", new GnuTarEntry(TarEntryType.RegularFile, "ca/key")),
        ];
        foreach (var (what, entry) in kinds) await Refused(what, BackupServer.Tar(good, name => name == "ca/key" ? entry : null), "where ca/key is expected");

        await Refused("file twice in the manifest", BackupServer.Tar(BackupServer.Described(manifest, [.. files, files[0]])), "twice");
        await Refused("file twice in the archive", BackupServer.Tar([.. good, files[0]]), "of which its manifest does not know");
        await Refused("two in another order", BackupServer.Tar([good[0], good[2], good[1], .. good.Skip(3)]), "is expected");
        await Refused("last one missing", BackupServer.Tar(good.SkipLast(1)), "lacks");
        foreach (var name in (string[])["database", "settings/server.yaml", "ca/key.pub", "enrollment/key", "host-keys/0.pub"])
            await Refused($"without {name}", BackupServer.Tar(BackupServer.Described(manifest, files.Where(file => file.Name != name))), $"lacks {name}");
        await Refused("key that no setting names", BackupServer.Tar(BackupServer.Described(manifest, [.. files, ("host-keys/7", [1])])), "which its own settings do not name");
        await Refused("other content", BackupServer.Tar(Changed(good, "ca/key", content => Flip(content))), "SHA-256");
        await Refused("content that is longer", BackupServer.Tar(Changed(good, "ca/key", content => [.. content, 0])), "bytes, not of");
        await Refused("content that is too long", BackupServer.Tar(BackupServer.Described(manifest, Changed(files, "ca/key", _ => new byte[(1 << 20) + 1]))), "at most");
        await Refused("manifest that is too long", BackupServer.Tar([("manifest.json", new byte[(16 << 20) + 1])]), "a manifest of");
        await Refused("no manifest", BackupServer.Tar(files), "where manifest.json is expected");
        await Refused("manifest of null", BackupServer.Tar([("manifest.json", "null"u8.ToArray())]), "manifest that cannot be read");
        await Refused("file of null", BackupServer.Tar([("manifest.json", Edited(good[0].Content, "\"files\":[", "\"files\":[null,"))]), "belongs to no");
        await Refused("negative size", BackupServer.Tar([("manifest.json", Edited(good[0].Content, "\"size\":", "\"size\":-"))]), "bytes; at most");
        await Refused("something behind its end", [.. BackupServer.Tar(good), 1], "goes on behind its end");
        var whole = BackupServer.Tar(good);
        foreach (var cut in (int[])[0, 100, 512, 700, whole.Length / 2, whole.Length - 2048]) await Refused($"cut at {cut}", whole[..cut], "the backup ");

        await Refused("newer version", BackupServer.Tar(BackupServer.Described(manifest with { Version = "99.0.0" }, files)), "install the newer version");
        await Refused("newer format", BackupServer.Tar([("manifest.json", "{\"format\":2}"u8.ToArray())]), "install the newer version");
        await Refused("newer schema", BackupServer.Tar(BackupServer.Described(manifest, Changed(files, "database", content => WithSchema(content, 9999)))), "install the newer waltvpnd", status: 1);
        await Refused("other schema than it says", BackupServer.Tar(BackupServer.Described(manifest with { Schema = 1 }, files)), "not 1");
        await Refused("settings of another platform", BackupServer.Tar(BackupServer.Described(manifest with { Platform = "other" }, files)), "of the platform other");
        await Refused("no database", BackupServer.Tar(BackupServer.Described(manifest, Changed(files, "database", content => new byte[content.Length]))), "database", status: 1);
        await Refused("damaged database", BackupServer.Tar(BackupServer.Described(manifest, Changed(files, "database", Damaged))), "", status: 1);
        await Refused("settings that no daemon uses", BackupServer.Tar(BackupServer.Described(manifest, Changed(files, "settings/server.yaml", _ => "nonsense: 1\n"u8.ToArray()))), "unknown key 'nonsense'");
        // And the good one, written the same way, is one.
        (await server.Restore(await server.Seal(whole, Cancellation))).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(0, r.Output));

        async Task Refused(string what, byte[] archive, string reason, int status = 4)
        {
            var result = await server.Restore(await server.Seal(archive, Cancellation));
            result.Status.ShouldBe(status, $"{what}: {result.Output}");
            result.Output.ShouldContain(reason, Case.Sensitive, what);
            server.Files("etc", "host", "hub", "state").ShouldBeEmpty(what);
        }
    }

    private static byte[] Flip(byte[] content) => [.. content[..^1], (byte)(content[^1] ^ 1)];

    private static byte[] Edited(byte[] text, string before, string after) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(text).Replace(before, after, StringComparison.Ordinal));

    private static List<(string Name, byte[] Content)> Changed(IEnumerable<(string Name, byte[] Content)> members, string name, Func<byte[], byte[]> change) =>
        [.. members.Select(member => member.Name == name ? (member.Name, change(member.Content)) : member)];

    /// <summary>The user version of SQLite's header (sqlite.org/fileformat.html): four bytes at 60, the highest first.</summary>
    private static byte[] WithSchema(byte[] database, ushort schema) => [.. database[..62], (byte)(schema >> 8), (byte)schema, .. database[64..]];

    /// <summary>Its second page, and with it a tree of rows.</summary>
    private static byte[] Damaged(byte[] database) => [.. database[..4096], .. new byte[4096], .. database[8192..]];
}
