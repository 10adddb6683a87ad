using System.Security.Cryptography;
using Dapper;
using Microsoft.Data.Sqlite;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Following;

/// <summary>docs/protocol.md "Settings document", docs/security.md NODE-4: what a node that logged in is told, and its number.</summary>
public sealed class SettingsDeskTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NodeIsToldEverythingItFollows()
    {
        await using var platform = await Start();
        using var bootKey = new BootKey();
        bootKey.Install(platform);
        var identity = await Join(platform);
        var told = await Told(platform, identity);
        told.Platform.ShouldBe("test");
        told.NodeId.ShouldBe(identity.NodeId);
        told.SshEntrypoints.ShouldBe(["ssh.example.org:22", "198.51.100.7:2222"]);
        told.HostKeys.ShouldBe([HostKey(platform)]);
        told.HttpEntrypoint.ShouldBe(new HttpEntrypoint { Host = "boot.example.org", Port = 80, Path = $"walt-vpn/boot/{identity.NodeId}" });
        told.BootMode.ShouldBe(BootMode.Enforced);
        told.VpnMac.ShouldBe(identity.VpnMac);
        told.Certificate.ShouldBe(string.Join(' ', identity.Certificate.Split(' ')[..2]));
        Convert.FromBase64String(told.BootKey!).ShouldBe(
            PemFields(await File.ReadAllTextAsync(platform.Settings.BootPublicKeyFile, Cancellation)));
        told.BootCaCertificate.ShouldBeNull();

        // What a board of WalT's has as path, it keeps.
        platform.Database.Decide(db => db.Execute("INSERT INTO per_ip VALUES ('10-9-0-7', @NodeId, 1)", identity));
        (await Told(platform, identity)).HttpEntrypoint!.Path.ShouldBe("walt-vpn/per-ip/10-9-0-7");
    }

    [Fact]
    public async Task NextCertificateComesWithTheSettingsInTheSecondHalfOfItsLife()
    {
        await using var platform = await Start();
        var identity = await Join(platform);
        var first = (await Told(platform, identity)).Certificate;
        first.ShouldBe(string.Join(' ', identity.Certificate.Split(' ')[..2]));
        platform.Time.Move(0.45 * platform.Settings.CertificateLife);
        (await Told(platform, identity)).Certificate.ShouldBe(first);

        // All are due after six tenths, whatever their share of chance.
        platform.Time.Move(0.16 * platform.Settings.CertificateLife);
        await Shell.Run("ssh-add", ["-q", "-D"], "", ("SSH_AUTH_SOCK", platform.Ca.AgentSocket));
        (await Told(platform, identity)).Certificate.ShouldBe(first);
        platform.Log.Lines.ShouldContain(line => line.Contains("could not be made", StringComparison.Ordinal));
        await Shell.Run("ssh-add", ["-q", platform.Ca.KeyFile], "", ("SSH_AUTH_SOCK", platform.Ca.AgentSocket));
        // Nobody asks again at once: each time would cost a serial number.
        (await Told(platform, identity)).Certificate.ShouldBe(first);
        platform.Time.Move(TimeSpan.FromMinutes(5));
        var second = (await Told(platform, identity)).Certificate;
        second.ShouldNotBe(first);
        (await Told(platform, identity)).Certificate.ShouldBe(second);
        (await Told(platform, identity with { Certificate = second })).Certificate.ShouldBe(second);
        // The first one is good until it ends.
        platform.Time.Move(0.4 * platform.Settings.CertificateLife);
        (await platform.Login(identity)).Allowed.ShouldBeFalse();
        (await platform.Login(identity with { Certificate = second })).Allowed.ShouldBeTrue();
    }

    [Fact]
    public async Task NumberRisesExactlyWhenSomethingChanges()
    {
        await using var platform = await Start();
        var node = await TestNode.Make(platform, 1);
        node.Model = "WaltVpn virtual board";
        var identity = (await node.Enroll(platform, TestPlatform.Lan)).Identity!;
        var authority = Path.Combine(platform.Folder, "ca.der");
        await File.WriteAllBytesAsync(authority, [0x30, 0], Cancellation);
        using var bootKey = new BootKey();
        using var otherKey = new BootKey();
        var second = Path.Combine(platform.Folder, "host2");
        await Shell.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", second]);
        var numbers = new List<long> { (await Told(platform, identity)).Counter };
        numbers[0].ShouldBeGreaterThan(0);

        (string What, Func<Task> Change)[] changes =
        [
            ("an entrypoint more", () => Set(settings => settings with { SshEntrypoints = [.. settings.SshEntrypoints, new("c.example.org", 22)] })),
            ("their order", () => Set(settings => settings with { SshEntrypoints = [.. settings.SshEntrypoints.Reverse()] })),
            ("a port", () => Set(settings => settings with { SshEntrypoints = [new("ssh.example.org", 2022)] })),
            ("the HTTP entrypoint", () => Set(settings => settings with { HttpEntrypoint = "www.example.org" })),
            ("none", () => Set(settings => settings with { HttpEntrypoint = null })),
            ("the boot mode", () => Set(settings => settings with { BootMode = BootMode.Permissive })),
            ("a host key more", () => Set(settings => settings with { HostKeyFiles = [.. settings.HostKeyFiles, second + ".pub"] })),
            ("the oldest bootloader", () => Set(settings => settings with { LeastBootloader = DateTimeOffset.FromUnixTimeSeconds(1_746_662_400) })),
            ("how often to ask", () => Set(settings => settings with { SettingsInterval = TimeSpan.FromMinutes(5) })),
            ("the boot key", () => Done(() => bootKey.Install(platform))),
            ("another boot key", () => Done(() => otherKey.Install(platform))),
            ("a boot image", () => otherKey.Publish(platform, [1, 2, 3])),
            ("another one", () => otherKey.Publish(platform, [4, 5, 6])),
            ("the CA of boot files", () => Set(settings => settings with { BootCaCertificateFile = authority })),
            ("its content", () => Done(() => File.WriteAllBytes(authority, [0x30, 1, 0]))),
            ("the VPN MAC", () => Done(() => platform.Database.Decide(
                db => db.Execute("UPDATE nodes SET vpn_mac = '52:54:00:00:00:77' WHERE id = @NodeId", identity)))),
            ("the certificate", async () =>
            {
                platform.Time.Move(TimeSpan.FromDays(670));
                identity = (await node.Enroll(platform, TestPlatform.Lan)).Identity!;
            }),
            // The clock of the server is set back: the number rises all the same.
            ("back again", () =>
            {
                platform.Time.Move(TimeSpan.FromMinutes(-4));
                return Set(settings => settings with { BootMode = BootMode.Enforced });
            }),
        ];
        foreach (var (what, change) in changes)
        {
            await change();
            var told = await Told(platform, identity);
            told.Counter.ShouldBeGreaterThan(numbers[^1], what);
            numbers.Add(told.Counter);
            (await Told(platform, identity)).ToBytes().ShouldBe(told.ToBytes(), what);
            await Set(settings => settings);
            (await Told(platform, identity)).ToBytes().ShouldBe(told.ToBytes(), $"{what}, after a restart of the daemon");
        }

        static Task Done(Action action)
        {
            action();
            return Task.CompletedTask;
        }

        async Task Set(Func<ServerSettings, ServerSettings> change)
        {
            await platform.StopDaemon();
            platform.Settings = change(platform.Settings);
            await platform.StartDaemon();
        }
    }

    [Fact]
    public async Task NumberNeverFallsInTheDatabase()
    {
        await using var platform = await Start();
        var identity = await Join(platform);
        await Told(platform, identity);
        Should.Throw<SqliteException>(
            () => platform.Database.Decide(db => db.Execute("UPDATE settings_counters SET counter = counter - 1"))).Message.ShouldContain("never falls");
    }

    [Fact]
    public async Task DatabaseOfAnOldCopyGivesChangedSettingsANumberThatNobodyHasSeen()
    {
        await using var platform = await Start();
        var identity = await Join(platform);
        await Told(platform, identity);
        await platform.StopDaemon();
        SqliteConnection.ClearAllPools();
        var copy = Path.Combine(platform.Folder, "old.db");
        File.Copy(platform.Settings.DatabaseFile, copy);
        long seen = 0;
        foreach (var mode in (BootMode[])[BootMode.Permissive, BootMode.Enforced, BootMode.Permissive])
        {
            platform.Time.Move(TimeSpan.FromMinutes(1));
            platform.Settings = platform.Settings with { BootMode = mode };
            await platform.StartDaemon();
            seen = (await Told(platform, identity)).Counter;
            await platform.StopDaemon();
        }

        SqliteConnection.ClearAllPools();
        foreach (var rest in Directory.GetFiles(platform.Settings.StateDirectory, "waltvpn.db-*")) File.Delete(rest);
        File.Copy(copy, platform.Settings.DatabaseFile, overwrite: true);
        platform.Time.Move(TimeSpan.FromMinutes(1));
        await platform.StartDaemon();
        (await Told(platform, identity)).Counter.ShouldBeGreaterThan(seen);
    }

    [Fact]
    public async Task DatabaseOfAnOldCopyGivesUnchangedSettingsANumberThatNobodyHasSeen()
    {
        await using var platform = await Start();
        var identity = await Join(platform);
        var first = await Told(platform, identity);
        await platform.StopDaemon();
        SqliteConnection.ClearAllPools();
        var copy = Path.Combine(platform.Folder, "old.db");
        File.Copy(platform.Settings.DatabaseFile, copy);
        var original = platform.Settings;
        platform.Time.Move(TimeSpan.FromMinutes(1));
        platform.Settings = original with { BootMode = BootMode.Permissive };
        await platform.StartDaemon();
        var seen = await Told(platform, identity);
        await platform.StopDaemon();

        // The whole machine comes back as it was: server.yaml and the database.
        SqliteConnection.ClearAllPools();
        foreach (var rest in Directory.GetFiles(platform.Settings.StateDirectory, "waltvpn.db-*")) File.Delete(rest);
        File.Copy(copy, platform.Settings.DatabaseFile, overwrite: true);
        platform.Settings = original;
        platform.Time.Move(TimeSpan.FromMinutes(10));
        await platform.StartDaemon();
        var back = await Told(platform, identity);
        back.Counter.ShouldBeGreaterThan(seen.Counter);
        (back with { Counter = first.Counter }).ToBytes().ShouldBe(first.ToBytes());
        platform.Log.Lines.ShouldContain(line => line.Contains("it may be an old copy", StringComparison.Ordinal));
        // Once: from here on numbers stay over restarts again.
        await platform.StopDaemon();
        await platform.StartDaemon();
        (await Told(platform, identity)).ToBytes().ShouldBe(back.ToBytes());
    }

    [Theory]
    [InlineData("256")]
    [InlineData("384")]
    [InlineData("521")]
    public async Task HostKeyMayBeEcdsa(string bits)
    {
        await using var platform = await Start();
        var identity = await Join(platform);
        var file = Path.Combine(platform.Folder, "host_ecdsa");
        await Shell.Run("ssh-keygen", ["-q", "-t", "ecdsa", "-b", bits, "-N", "", "-C", "comment", "-f", file]);
        await platform.StopDaemon();
        platform.Settings = platform.Settings with { HostKeyFiles = [file + ".pub"] };
        await platform.StartDaemon();
        (await Told(platform, identity)).HostKeys.ShouldHaveSingleItem().ShouldStartWith($"ecdsa-sha2-nistp{bits} AAAA");
    }

    [Fact]
    public async Task TicketIsWorthOneAnswerForHalfAMinuteToItsOwnNode()
    {
        await using var platform = await Start();
        var (one, other) = (await Join(platform), await Join(platform, 2));
        var (ticket, otherTicket) = ((await platform.Login(one)).Ticket, (await platform.Login(other)).Ticket);
        Document(await Ask(platform, otherTicket)).NodeId.ShouldBe(other.NodeId);
        Document(await Ask(platform, ticket)).NodeId.ShouldBe(one.NodeId);
        foreach (var used in (string?[])[ticket, otherTicket, null, "", new string('0', 32)]) Refused(await Ask(platform, used), "connect again");
        ticket = (await platform.Login(one)).Ticket;
        platform.Time.Move(TimeSpan.FromSeconds(31));
        Refused(await Ask(platform, ticket), "connect again");
    }

    [Fact]
    public async Task NodeThatIsRevokedMeanwhileIsToldNothing()
    {
        await using var platform = await Start();
        var identity = await Join(platform);
        var ticket = (await platform.Login(identity)).Ticket;
        await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/revoke");
        Refused(await Ask(platform, ticket), "void");
    }

    [Fact]
    public async Task FileThatCannotBeReadIsNoChangedSetting()
    {
        await using var platform = await Start();
        var identity = await Join(platform);
        var before = (await Told(platform, identity)).ToBytes();
        await File.WriteAllTextAsync(platform.Settings.BootPublicKeyFile, "-----BEGIN", Cancellation);
        Refused(await Ask(platform, (await platform.Login(identity)).Ticket), "its log says why");
        platform.Log.Lines.ShouldContain(line => line.Contains("public.pem: no public key in PEM form", StringComparison.Ordinal));
        File.Delete(platform.Settings.BootPublicKeyFile);
        (await Told(platform, identity)).ToBytes().ShouldBe(before);
    }

    private static Task<TestPlatform> Start() => TestPlatform.Start(settings => settings with
    {
        LanPolicy = EnrollmentPolicy.Auto,
        SshEntrypoints = [new("ssh.example.org", 22), new("198.51.100.7", 2222)],
        HttpEntrypoint = "boot.example.org",
        BootPublicKeyFile = Path.Combine(Path.GetDirectoryName(settings.StateDirectory)!, "public.pem"),
    });

    private static async Task<NodeIdentity> Join(TestPlatform platform, int number = 1) =>
        (await (await TestNode.Make(platform, number)).Enroll(platform, TestPlatform.Lan)).Identity!;

    private static Task<LoginAnswer> Ask(TestPlatform platform, string? ticket) =>
        platform.Login(new LoginRequest { Kind = LoginKind.Command, Command = TunnelCommand.Settings, Ticket = ticket });

    private static async Task<SettingsDocument> Told(TestPlatform platform, NodeIdentity identity) =>
        Document(await Ask(platform, (await platform.Login(identity)).Ticket));

    private static SettingsDocument Document(LoginAnswer answer)
    {
        answer.Allowed.ShouldBeTrue(answer.Error);
        return SettingsDocument.Parse(System.Text.Encoding.UTF8.GetBytes(answer.Output!));
    }

    private static void Refused(LoginAnswer answer, string reason)
    {
        (answer.Allowed, answer.Output).ShouldBe((false, null));
        answer.Error.ShouldNotBeNull().ShouldContain(reason);
    }

    private static string HostKey(TestPlatform platform) => string.Join(' ', File.ReadAllText(platform.Settings.HostKeyFiles[0]).Split(' ')[..2]).Trim();

    private static byte[] PemFields(string pem)
    {
        using var key = RSA.Create();
        key.ImportFromPem(pem);
        return key.ExportSubjectPublicKeyInfo();
    }
}
