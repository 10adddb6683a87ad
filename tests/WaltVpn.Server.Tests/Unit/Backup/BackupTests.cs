using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Data.Sqlite;
using Shouldly;
using WaltVpn.Cli;
using WaltVpn.Cli.Backup;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Backup;

/// <summary><c>waltvpn backup</c> as a process of its own, beside a real daemon and with gpg.</summary>
public sealed class BackupTests
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PlatformComesBackOnAnEmptyMachineWithItsNodesAsTheyWere()
    {
        await using var server = await BackupServer.Start();
        var platform = server.Platform;
        var board = await TestNode.Make(platform, 1);
        board.Model = "WaltVpn virtual board";
        var stays = (await board.Enroll(platform, TestPlatform.Lan)).Identity!;
        var revoked = (await (await TestNode.Make(platform, 2)).Enroll(platform, TestPlatform.Lan)).Identity!;
        (await platform.Waltvpn("node", "revoke", revoked.Name, "--yes")).Status.ShouldBe(0);
        var content = RandomNumberGenerator.GetBytes(100_000);
        (await server.Key.Publish(platform, content)).Status.ShouldBe(HttpStatusCode.OK);
        (await server.Key.Publish(platform, [1, 2, 3], "rpi-5-b")).Status.ShouldBe(HttpStatusCode.OK);
        var lost = Convert.ToHexStringLower(SHA256.HashData([1, 2, 3]));
        File.Delete(Path.Combine(platform.Settings.BootImageDirectory, $"{lost}.img"));
        var image = $"{Convert.ToHexStringLower(SHA256.HashData(content))}.img";

        // The daemon goes on meanwhile, and what comes after is not in it.
        (await server.Create()).ShouldSatisfyAllConditions(
            r => r.Status.ShouldBe(0, r.Output), r => r.Output.ShouldContain("platform test"), r => r.Output.ShouldContain($"without the boot image {lost}"), r => r.Output.ShouldNotContain(image[..64]));
        File.GetUnixFileMode(server.File).ShouldBe(OwnerOnly);
        Directory.GetFiles(Path.Combine(server.Folder, "out")).ShouldBe([server.File]);
        Directory.GetFiles(platform.Settings.StateDirectory, "*", SearchOption.AllDirectories).ShouldNotContain(file => file.Contains("backup", StringComparison.Ordinal));
        var later = (await (await TestNode.Make(platform, 3)).Enroll(platform, TestPlatform.Lan)).Identity!;
        // Nothing of it can be read.
        var sealedText = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(server.File, Cancellation));
        foreach (var word in (string[])["ustar", "OPENSSH", "SQLite", "serverName"]) sealedText.Contains(word, StringComparison.Ordinal).ShouldBeFalse(word);
        var show = await BackupServer.Backup("show", server.File, "--passphrase-file", server.PassphraseFile);
        foreach (var name in (string[])["database", "ca/key", "ca/key.pub", "host-keys/0", "enrollment/key", "addresses/02-00-00-00-00-01", $"boot-images/{image}", "settings/server.yaml"])
            show.Output.ShouldContain($"  {name}\n");

        await platform.StopDaemon();
        var before = server.Files("etc", "host", "hub", "state/boot", "ca");
        var enrollmentKey = await File.ReadAllTextAsync(platform.Settings.EnrollmentKeyFile, Cancellation);
        server.Burn();
        var restored = await server.Restore(server.File);
        restored.Status.ShouldBe(0, restored.Output);
        foreach (var word in (string[])["systemctl restart waltvpn-ca waltvpn-hub", "waltvpn doctor", "revoke again"]) restored.Output.ShouldContain(word);
        // The daemon and others must be able to look into what root made.
        File.GetUnixFileMode(Path.Combine(server.HubState, "addresses")).ShouldBe((UnixFileMode)0b111_101_101);
        File.Exists(Path.Combine(platform.Settings.StateDirectory, "lock")).ShouldBeTrue();
        var after = server.Files("etc", "host", "hub", "state/boot", "ca");
        after.ShouldBe(before, ignoreOrder: true);
        (await File.ReadAllTextAsync(platform.Settings.EnrollmentKeyFile, Cancellation)).ShouldBe(enrollmentKey);
        foreach (var secret in (string[])[platform.Settings.EnrollmentKeyFile, platform.Settings.DatabaseFile]) File.GetUnixFileMode(secret).ShouldBe(OwnerOnly);

        await platform.StartDaemon();
        (await platform.Login(stays)).Allowed.ShouldBeTrue();
        using var http = new HttpClient { BaseAddress = new Uri($"http://{platform.Settings.Http}") };
        (await http.GetByteArrayAsync($"{Routes.Boot}/{stays.NodeId}/boot.img", Cancellation)).ShouldBe(content);
        (await platform.Login(revoked)).Allowed.ShouldBeFalse();
        (await platform.Login(later)).Allowed.ShouldBeFalse();
        (await platform.Waltvpn("audit", "verify")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(0, r.Output));
        (await platform.Audit())[^1].Action.ShouldBe("backup create");
        platform.Time.Move(TimeSpan.FromSeconds(2));
        var again = (await (await TestNode.Make(platform, 4)).Enroll(platform, TestPlatform.Lan)).Identity!;
        Serial(again).ShouldBeGreaterThan(Serial(later));
        // Numbers of settings begin anew, however young the copy is (NODE-4).
        platform.Log.Lines.ShouldContain(line => line.Contains("nodes get new numbers", StringComparison.Ordinal));
    }

    [Fact]
    public async Task LaterTrailKeepsOutWhomOperatorsKeptOutSince()
    {
        await using var server = await BackupServer.Start();
        var platform = server.Platform;
        var nodes = new List<NodeIdentity>();
        foreach (var number in Enumerable.Range(1, 4)) nodes.Add((await (await TestNode.Make(platform, number)).Enroll(platform, TestPlatform.Lan)).Identity!);
        var token = await platform.Token(5, TimeSpan.FromDays(1));
        (await server.Create()).Status.ShouldBe(0);
        (await platform.Waltvpn("node", "revoke", nodes[0].Name, "--yes")).Status.ShouldBe(0);
        (await platform.Waltvpn("node", "disable", nodes[1].Name)).Status.ShouldBe(0);
        (await platform.Waltvpn("node", "disable", nodes[2].Name)).Status.ShouldBe(0);
        (await platform.Waltvpn("node", "enable", nodes[2].Name)).Status.ShouldBe(0);
        (await platform.Waltvpn("node", "forget", nodes[3].Name, "--yes")).Status.ShouldBe(0);
        (await platform.Waltvpn("token", "revoke", $"{token.View.Id}")).Status.ShouldBe(0);
        var trail = (await platform.Waltvpn("audit", "export")).Output;
        var (export, early, changed) = (Path.Combine(server.Folder, "out/audit"), Path.Combine(server.Folder, "out/early"), Path.Combine(server.Folder, "out/changed"));
        await File.WriteAllTextAsync(export, trail, Cancellation);
        await File.WriteAllTextAsync(early, trail[..(trail.IndexOf('\n') + 1)], Cancellation);
        await File.WriteAllTextAsync(changed, trail.Replace("node disable", "node rename", StringComparison.Ordinal), Cancellation);
        await platform.StopDaemon();
        server.Burn();

        (await server.Restore(server.File, "--audit", early)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(1), r => r.Output.ShouldContain("ends before the backup"));
        (await server.Restore(server.File, "--audit", changed)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(1), r => r.Output.ShouldContain("is not as it was written"));
        server.Files("etc", "host", "hub", "state").ShouldBeEmpty();
        var restored = await server.Restore(server.File, "--audit", export);
        restored.Status.ShouldBe(0, restored.Output);
        foreach (var word in (string[])[$"node revoke {nodes[0].Name}", $"node disable {nodes[1].Name}", $"token revoke {token.View.Id}"])
            restored.Output.ShouldContain($"decided again: {word}\n");
        await platform.StartDaemon();
        bool[] allowed = [false, false, true, false];
        foreach (var (node, expected) in nodes.Zip(allowed)) (await platform.Login(node)).Allowed.ShouldBe(expected, node.Name);
        (await platform.Tokens()).ShouldHaveSingleItem().State.ShouldBe(TokenState.Revoked);
        (await platform.Audit()).ShouldContain(line => line.Action == "node revoke" && line.Source == "audit export");
        (await platform.Waltvpn("audit", "verify")).Status.ShouldBe(0);
    }

    [Fact]
    public async Task NothingThatIsThereIsOverwritten()
    {
        await using var server = await BackupServer.Start();
        (await BackupServer.Backup("create", "-", "--passphrase-file", server.PassphraseFile, "--config", server.Config)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(2), r => r.Output.ShouldContain("into a file"));
        (await server.Create()).Status.ShouldBe(0);
        var first = await File.ReadAllBytesAsync(server.File, Cancellation);
        (await server.Create()).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4), r => r.Output.ShouldContain("--force"));
        (await File.ReadAllBytesAsync(server.File, Cancellation)).ShouldBe(first);

        // A daemon that runs, then a platform that is there.
        string[] folders = ["etc", "host", "hub", "ca"];
        var before = server.Files(folders);
        (await server.Restore(server.File)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4), r => r.Output.ShouldContain("--replace"));
        (await server.Restore(server.File, "--replace")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4), r => r.Output.ShouldContain("systemctl stop"));
        server.Files(folders).ShouldBe(before, ignoreOrder: true);
        await server.Platform.StopDaemon();
        SqliteConnection.ClearAllPools();
        await CutOffAfterALastTransaction(server.Platform.Settings.DatabaseFile);
        var database = await File.ReadAllBytesAsync(server.Platform.Settings.DatabaseFile, Cancellation);
        (await server.Restore(server.File)).Status.ShouldBe(4);
        (await File.ReadAllBytesAsync(server.Platform.Settings.DatabaseFile, Cancellation)).ShouldBe(database);

        var replaced = await server.Restore(server.File, "--replace");
        replaced.Status.ShouldBe(0, replaced.Output);
        var kept = Directory.GetFiles(server.Platform.Settings.StateDirectory, "waltvpn.db.before-*Z").ShouldHaveSingleItem();
        foreach (var file in (string[])[kept, kept + "-wal"]) replaced.Output.ShouldContain($"kept aside: {file}\n");
        (await File.ReadAllBytesAsync(kept, Cancellation)).ShouldBe(database);
        await using (var old = new SqliteConnection($"Data Source={kept};Pooling=False"))
        {
            await old.OpenAsync(Cancellation);
            await using var read = new SqliteCommand("SELECT words FROM last_words", old);
            (await read.ExecuteScalarAsync(Cancellation)).ShouldBe("still here");
        }

        await server.Platform.StartDaemon();
        (await server.Create("--force")).Status.ShouldBe(0);
    }

    /// <summary>The backup's settings put the state elsewhere than this machine's do.</summary>
    [Fact]
    public async Task PlatformInAnotherStateDirectoryIsNotOverwrittenEither()
    {
        await using var server = await BackupServer.Start();
        (await server.Create()).Status.ShouldBe(0);
        var settings = await File.ReadAllTextAsync(server.Config, Cancellation);
        await server.Platform.StopDaemon();
        server.Burn();
        var other = Directory.CreateDirectory(Path.Combine(server.Folder, "other")).FullName;
        await File.WriteAllTextAsync(server.Config, settings.Replace(server.Platform.Settings.StateDirectory, other, StringComparison.Ordinal), Cancellation);
        await File.WriteAllTextAsync(Path.Combine(other, "waltvpn.db"), "a platform", Cancellation);
        var before = server.Files("etc", "host", "hub", "state", "other");
        (await server.Restore(server.File)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4, r.Output), r => r.Output.ShouldContain("--replace"), r => r.Output.ShouldContain(other));
        await using (new FileStream(Path.Combine(other, "lock"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
            (await server.Restore(server.File, "--replace")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4, r.Output), r => r.Output.ShouldContain("waltvpnd runs here"));
        File.Delete(Path.Combine(other, "lock"));
        server.Files("etc", "host", "hub", "state", "other").ShouldBe(before, ignoreOrder: true);
        (await server.Restore(server.File, "--replace")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(0, r.Output));
    }

    /// <summary>It would write its leases of before over the backup's.</summary>
    [Fact]
    public async Task NothingIsRestoredBesideAHubThatRuns()
    {
        await using var server = await BackupServer.Start();
        (await server.Create()).Status.ShouldBe(0);
        await server.Platform.StopDaemon();
        server.Burn();
        using (var hub = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            hub.Bind(new UnixDomainSocketEndPoint(server.HubSocket));
            hub.Listen();
            (await server.Restore(server.File)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4, r.Output), r => r.Output.ShouldContain("waltvpn-hub runs here"));
        }

        server.Files("etc", "host", "hub", "state").ShouldBeEmpty();
        // The socket's file alone is no hub.
        (await server.Restore(server.File)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(0, r.Output));
    }

    /// <summary>A hub or daemon that is an attacker's puts something else into its folders.</summary>
    [Fact]
    public async Task LinksAndPipesOfServicesAreNotFollowed()
    {
        await using var server = await BackupServer.Start();
        var addresses = Path.Combine(server.HubState, "addresses");
        var (link, pipe) = (Path.Combine(addresses, "02-00-00-00-00-02"), Path.Combine(addresses, "02-00-00-00-00-03"));
        File.CreateSymbolicLink(link, server.Platform.Ca.KeyFile);
        await Shell.Run("mkfifo", [pipe]);
        (await server.Create()).ShouldSatisfyAllConditions(
            r => r.Status.ShouldBe(0, r.Output), r => r.Output.ShouldContain($"without {link}, which is a link"), r => r.Output.ShouldContain($"without {pipe}, which is a link"));
        (await server.Members(Cancellation)).Where(member => member.Name.StartsWith("addresses/", StringComparison.Ordinal)).ShouldHaveSingleItem().Name.ShouldBe("addresses/02-00-00-00-00-01");
        var key = server.Platform.Settings.EnrollmentKeyFile;
        File.Move(key, key + ".kept");
        File.CreateSymbolicLink(key, server.Platform.Ca.KeyFile);
        (await server.Create("--force")).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(1, r.Output), r => r.Output.ShouldContain($"{key} is a link"));
        File.Move(key + ".kept", key, overwrite: true);

        await server.Platform.StopDaemon();
        server.Burn();
        var elsewhere = Directory.CreateDirectory(Path.Combine(server.Folder, "elsewhere")).FullName;
        Directory.CreateSymbolicLink(addresses, elsewhere);
        (await server.Restore(server.File)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(1, r.Output), r => r.Output.ShouldContain($"{addresses} is a link"));
        Directory.GetFiles(elsewhere).ShouldBeEmpty();
        server.Files("etc", "host", "state").ShouldBeEmpty();
        // A folder that is the operator's may be one.
        File.Delete(addresses);
        var disk = Path.Combine(server.Folder, "disk");
        Directory.Move(server.HubState, disk);
        Directory.CreateSymbolicLink(server.HubState, disk);
        (await server.Restore(server.File)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(0, r.Output));
        File.Exists(Path.Combine(disk, "addresses/02-00-00-00-00-01")).ShouldBeTrue();
    }

    /// <summary>Nodes sign the platform's name, which by default is the machine's.</summary>
    [Fact]
    public async Task NamesThatFollowFromTheMachineAreWrittenDown()
    {
        await using var server = await BackupServer.Start();
        var text = (await File.ReadAllTextAsync(server.Config, Cancellation))
            .Replace("platform: test\n", "", StringComparison.Ordinal).Replace("serverName: srv.example.org\n", "", StringComparison.Ordinal);
        await File.WriteAllTextAsync(server.Config, text, Cancellation);
        (await server.Create()).Status.ShouldBe(0);
        var members = await server.Members(Cancellation);
        var settings = SettingsFile.Parse(Encoding.UTF8.GetString(members.Single(member => member.Name == "settings/server.yaml").Content), out var all);
        all.Where(setting => setting.Line is not null).Select(setting => setting.Key).ShouldContain("platform");
        all.Where(setting => setting.Line is not null).Select(setting => setting.Key).ShouldContain("serverName");
        (settings.Platform, settings.ServerName).ShouldBe((BackupServer.Manifest(members).Platform, BackupServer.Manifest(members).ServerName));
        (await File.ReadAllTextAsync(server.Config, Cancellation)).ShouldBe(text);
    }

    [Fact]
    public async Task PassphraseIsAskedForTwiceAndNotShown()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "needs script (package bsdutils)");
        await using var server = await BackupServer.Start();
        var output = await OnATerminal(server, BackupServer.Passphrase, BackupServer.Passphrase);
        output.ShouldNotContain("guess");
        (await BackupServer.Backup("show", server.File, "--passphrase-file", server.PassphraseFile)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(0, r.Output));
        File.Delete(server.File);
        (await OnATerminal(server, BackupServer.Passphrase, BackupServer.Passphrase + "t")).ShouldContain("they differ");
        (await OnATerminal(server, "short", "short")).ShouldContain("12 to 255");
        File.Exists(server.File).ShouldBeFalse();
        // Without a terminal, and a file that others may read.
        (await BackupServer.Backup("create", server.File, "--config", server.Config)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(2), r => r.Output.ShouldContain("--passphrase-file"));
        File.SetUnixFileMode(server.PassphraseFile, OwnerOnly | UnixFileMode.GroupRead);
        (await server.Create()).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4), r => r.Output.ShouldContain("chmod 600"));
    }

    [Fact]
    public async Task InterruptedBackupLeavesNothing()
    {
        await using var server = await BackupServer.Start();
        // Holes on the disk, a second of work for gpg.
        foreach (var digit in "abcdef")
        {
            await using var image = File.Create(Path.Combine(server.Platform.Settings.BootImageDirectory, new string(digit, 64) + ".img"));
            image.SetLength(WaltVpn.Protocol.BootFiles.MaxImageSize);
        }

        // What a shell starts in the background does not hear Ctrl-C, and neither does what that starts.
        string[] arguments = ["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "waltvpn.dll"), "backup", "create", server.File, "--passphrase-file", server.PassphraseFile, "--config", server.Config];
        using var create = Process.Start(new ProcessStartInfo("env", arguments) { RedirectStandardError = true })!;
        await Wait.Until(() => Task.FromResult(Directory.GetFiles(Path.Combine(server.Folder, "out"), "*.partial").Length > 0 || create.HasExited));
        await Shell.Run("kill", ["-INT", $"{create.Id}"]);
        await create.WaitForExitAsync(Cancellation);
        create.ExitCode.ShouldBe(130, await create.StandardError.ReadToEndAsync(Cancellation));
        Directory.GetFiles(Path.Combine(server.Folder, "out")).ShouldBeEmpty();
        Directory.GetFiles(server.Platform.Settings.StateDirectory, "*", SearchOption.AllDirectories).ShouldNotContain(file => file.Contains("backup", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FileThatIsNotAsItWasWrittenIsRefused()
    {
        await using var server = await BackupServer.Start();
        (await server.Create()).Status.ShouldBe(0);
        var whole = await File.ReadAllBytesAsync(server.File, Cancellation);
        int[] cuts = [0, 1, 5, 14, 15, 20, 40, 600, whole.Length / 3, whole.Length / 2, whole.Length - 8192, whole.Length - 30, whole.Length - 22, whole.Length - 1];
        foreach (var cut in cuts) await Refused(whole[..cut], $"cut at {cut}");
        var random = new Random(7);
        foreach (var place in Enumerable.Range(0, 18).Concat(Enumerable.Range(0, 12).Select(_ => random.Next(whole.Length))).Append(whole.Length - 1))
        {
            var flipped = whole.ToArray();
            flipped[place] ^= (byte)(1 << random.Next(8));
            await Refused(flipped, $"flipped at {place}");
        }

        await Refused([.. whole, .. whole], "twice");
        await Refused([.. whole, 0], "a byte more");

        async Task Refused(byte[] content, string what)
        {
            using var file = new MemoryStream(content);
            var refusal = await Should.ThrowAsync<CliException>(
                () => BackupSeal.Open(BackupServer.Secret, file, archive => BackupArchive.Read(archive, _ => Stream.Null, Cancellation), Cancellation), what);
            refusal.ExitCode.ShouldBe(ExitCode.Refused, what);
        }
    }

    [Fact]
    public async Task AnotherPassphraseAndAFileWithoutOneAreRefused()
    {
        await using var server = await BackupServer.Start();
        (await server.Create()).Status.ShouldBe(0);
        var clear = Path.Combine(server.Folder, "out/clear.backup");
        await File.WriteAllBytesAsync(clear, BackupServer.Tar(await server.Members(Cancellation)), Cancellation);
        // OpenPGP, yet in clear text: nobody with the passphrase made it.
        var stored = Path.Combine(server.Folder, "out/stored.backup");
        await Shell.Run("gpg", ["--batch", "--no-options", "--homedir", "/nonexistent", "--no-keyring", "--output", stored, "--store", clear]);
        await server.Platform.StopDaemon();
        server.Burn();
        foreach (var file in (string[])[clear, stored])
            (await server.Restore(file)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4, r.Output), r => r.Output.ShouldContain("no backup that a passphrase opens"));
        await BackupServer.WritePassphrase(server.PassphraseFile, BackupServer.Passphrase + "?");
        (await server.Restore(server.File)).ShouldSatisfyAllConditions(r => r.Status.ShouldBe(4), r => r.Output.ShouldContain("the passphrase is another one"));
        (await server.Restore(Path.Combine(server.Folder, "none"))).Status.ShouldBe(1);
        server.Files("etc", "host", "hub", "state").ShouldBeEmpty();
    }

    /// <summary>Types two lines at the prompts of <c>backup create</c>.</summary>
    private static async Task<string> OnATerminal(BackupServer server, params string[] lines)
    {
        var command = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "waltvpn.dll")}' backup create '{server.File}' --config '{server.Config}' --hub-state '{server.HubState}'";
        using var terminal = Process.Start(
            new ProcessStartInfo("script", ["--quiet", "--return", "--command", command, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = new StringBuilder();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        var buffer = new char[256];
        var prompts = new Queue<(string Prompt, string Line)>([("Passphrase of the backup: ", lines[0]), ("The same again: ", lines[1])]);
        while (await terminal.StandardOutput.ReadAsync(buffer, deadline.Token) is > 0 and var count)
        {
            output.Append(buffer, 0, count);
            while (prompts.TryPeek(out var next) && output.ToString().Contains(next.Prompt, StringComparison.Ordinal))
            {
                await terminal.StandardInput.WriteAsync(prompts.Dequeue().Line + "\r");
                await terminal.StandardInput.FlushAsync(deadline.Token);
            }
        }

        await terminal.WaitForExitAsync(deadline.Token);
        return output.ToString();
    }

    /// <summary>As a power cut leaves it: the newest transaction stands in the log only.</summary>
    private static async Task CutOffAfterALastTransaction(string file)
    {
        await using (var database = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            await database.OpenAsync(Cancellation);
            await using var write = new SqliteCommand("CREATE TABLE last_words (words TEXT); INSERT INTO last_words VALUES ('still here')", database);
            await write.ExecuteNonQueryAsync(Cancellation);
            foreach (var suffix in (string[])["", "-wal"]) File.Copy(file + suffix, $"{file}{suffix}.cut");
        }

        foreach (var suffix in (string[])["", "-wal"]) File.Move($"{file}{suffix}.cut", file + suffix, overwrite: true);
    }

    private static ulong Serial(NodeIdentity identity) => SshCertificate.Parse(identity.Certificate).Serial;
}
