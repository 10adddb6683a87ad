using System.Text;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Nodes;

/// <summary>docs/security.md BOOT-6: enforced unless an operator says otherwise of a node, which is seen; it has no certificate that lives long.</summary>
public sealed class BootModeTests
{
    private static readonly TimeSpan Month = TimeSpan.FromDays(30);

    [Fact]
    public async Task EnforcedIsTheDefaultAndPermissiveIsOneNodesAndSeen()
    {
        await using var platform = await Start();
        platform.Settings.BootMode.ShouldBe(BootMode.Enforced);
        var (first, second) = (await Join(platform, 1), await Join(platform, 2));
        (await platform.Nodes()).ShouldAllBe(node => node.BootMode == BootMode.Enforced);
        var (before, other) = (await Told(platform, first), await Told(platform, second));
        (before.BootMode, other.BootMode).ShouldBe((BootMode.Enforced, BootMode.Enforced));

        for (var twice = 0; twice < 2; twice++)
        {
            var (status, output) = await platform.Waltvpn("node", "boot-mode", first.Name, "permissive");
            status.ShouldBe(0, output);
            output.ShouldStartWith($"{first.Name} is permissive now.");
        }

        var after = await Told(platform, first);
        after.BootMode.ShouldBe(BootMode.Permissive);
        after.Counter.ShouldBeGreaterThan(before.Counter);
        (await Told(platform, second)).ToBytes().ShouldBe(other.ToBytes());
        Row(await platform.Waltvpn("node", "list"), first).ShouldContain("permissive");
        Row(await platform.Waltvpn("node", "list"), second).ShouldContain("enforced");
        (await platform.Waltvpn("node", "show", first.Name)).Output.ShouldContain("boot mode     permissive: ");
        (await platform.Audit()).Where(line => line.Action == "node boot-mode").Select(line => (line.Subject, line.Detail))
            .ShouldBe([(first.NodeId, $"{first.Name}: default -> permissive")]);

        // What holds for all does not hold for who has its own.
        await platform.StopDaemon();
        platform.Settings = platform.Settings with { BootMode = BootMode.Permissive };
        await platform.StartDaemon();
        (await platform.Waltvpn("node", "boot-mode", first.Name, "enforced")).Status.ShouldBe(0);
        (await Told(platform, first)).BootMode.ShouldBe(BootMode.Enforced);
        (await Told(platform, second)).BootMode.ShouldBe(BootMode.Permissive);
        (await platform.Waltvpn("node", "boot-mode", first.Name, "default")).Status.ShouldBe(0);
        (await Told(platform, first)).BootMode.ShouldBe(BootMode.Permissive);
        (await platform.Audit())[^1].Detail.ShouldBe($"{first.Name}: enforced -> default");
    }

    [Fact]
    public async Task OnlyKnownWordsAndNodesOfThePlatformAreTaken()
    {
        await using var platform = await Start();
        var identity = await Join(platform, 1);
        (await platform.Waltvpn("node", "boot-mode", identity.Name, "anything")).Status.ShouldBe(2);
        (await platform.Waltvpn("node", "boot-mode", identity.Name)).Status.ShouldBe(2);
        ((int)(await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/boot-mode", """{"mode":"Permissive"}""")).Status).ShouldBe(400);
        ((int)(await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{new string('0', 32)}/boot-mode", "{}")).Status).ShouldBe(404);
        (await platform.Waltvpn("node", "forget", identity.Name, "--yes")).Status.ShouldBe(0);
        var (status, output) = await platform.Waltvpn("node", "boot-mode", identity.Name, "permissive");
        status.ShouldBe(4, output);
        output.ShouldContain("it boots nothing of this platform's any more");
    }

    [Fact]
    public async Task PermissiveNodeGetsNoCertificateThatLivesLongAndItsOldOneEnds()
    {
        await using var platform = await Start();
        var (identity, other) = (await Join(platform, 1), await Join(platform, 2));
        Life(identity.Certificate).ShouldBe(platform.Settings.CertificateLife);
        await platform.Waltvpn("node", "boot-mode", identity.Name, "permissive");

        // In its next question, through the tunnel that it has.
        var brief = (await Told(platform, identity)).Certificate;
        brief.ShouldNotBe(Short(identity.Certificate));
        Life(brief).ShouldBe(Month);
        (await Told(platform, identity)).Certificate.ShouldBe(brief);
        var renewed = identity with { Certificate = brief };
        (await Told(platform, renewed)).Certificate.ShouldBe(brief);

        // Renewed from its half on, and the one of before counts for as long as a board may be away.
        platform.Time.Move(0.61 * Month);
        var next = (await Told(platform, renewed)).Certificate;
        next.ShouldNotBe(brief);
        Life(next).ShouldBe(Month);
        (await platform.Login(identity)).Allowed.ShouldBeTrue();
        platform.Hub.Connect(identity);
        platform.Time.Move(0.4 * Month);
        (await platform.Login(identity)).Allowed.ShouldBeFalse();
        await Wait.Until(() => Task.FromResult(platform.Hub.Sessions.IsEmpty));
        (await platform.Login(identity with { Certificate = next })).Allowed.ShouldBeTrue();
        (await platform.Login(other)).Allowed.ShouldBeTrue();

        // Enforced again: the next one is as all have it.
        await platform.Waltvpn("node", "boot-mode", identity.Name, "enforced");
        platform.Time.Move(0.21 * Month);
        var last = (await Told(platform, identity with { Certificate = next })).Certificate;
        Life(last).ShouldBe(platform.Settings.CertificateLife);
        (await platform.Login(identity with { Certificate = last })).Allowed.ShouldBeTrue();
    }

    [Fact]
    public async Task WhereAllArePermissiveNobodyGetsOneThatLivesLongButWhoIsEnforced()
    {
        await using var platform = await Start(BootMode.Permissive);
        var board = await TestNode.Make(platform, 1);
        var identity = (await board.Enroll(platform, TestPlatform.Lan)).Identity!;
        Life(identity.Certificate).ShouldBe(Month);
        await platform.Waltvpn("node", "boot-mode", identity.Name, "enforced");
        platform.Time.Move(0.61 * Month);
        Life((await Told(platform, identity)).Certificate).ShouldBe(platform.Settings.CertificateLife);
    }

    /// <summary>docs/security.md LEG-8: WalT's boards renew nothing through a tunnel.</summary>
    [Theory]
    [InlineData("http", null, BootMode.Permissive, false)]
    [InlineData("http", "permissive", BootMode.Enforced, true)]
    [InlineData("ssh", null, BootMode.Permissive, true)]
    [InlineData("ssh", null, BootMode.Enforced, false)]
    [InlineData("ssh", "enforced", BootMode.Permissive, false)]
    public async Task BoardOfWaltIsCutOffByAnOperatorsWordForItOnly(string way, string? own, BootMode ofAll, bool isShort)
    {
        await using var platform = await Start(ofAll);
        var identity = await Join(platform, 1);
        var node = platform.Database.Read(db => Server.Nodes.NodeTable.Find(db, identity.NodeId))! with { KeyWay = way, OwnBootMode = own };
        CertificateLife.Of(node, platform.Settings).ShouldBe(isShort ? Month : platform.Settings.CertificateLife);
    }

    private static Task<TestPlatform> Start(BootMode? mode = null) =>
        TestPlatform.Start(settings => settings with { BootMode = mode ?? settings.BootMode, LanPolicy = EnrollmentPolicy.Auto });

    private static async Task<NodeIdentity> Join(TestPlatform platform, int number) =>
        (await (await TestNode.Make(platform, number)).Enroll(platform, TestPlatform.Lan)).Identity!;

    private static async Task<SettingsDocument> Told(TestPlatform platform, NodeIdentity identity)
    {
        var ticket = (await platform.Login(identity)).Ticket;
        var answer = await platform.Login(new LoginRequest { Kind = LoginKind.Command, Command = TunnelCommand.Settings, Ticket = ticket });
        answer.Allowed.ShouldBeTrue(answer.Error);
        return SettingsDocument.Parse(Encoding.UTF8.GetBytes(answer.Output!));
    }

    private static TimeSpan Life(string certificate)
    {
        var read = SshCertificate.Parse(certificate);
        return read.ValidBefore - read.ValidAfter;
    }

    private static string Short(string certificate) => string.Join(' ', certificate.Split(' ')[..2]);

    private static string Row((int Status, string Output) list, NodeIdentity identity) =>
        list.Output.Split('\n').Single(line => line.Contains(identity.Name, StringComparison.Ordinal));
}
