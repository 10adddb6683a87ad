using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Login;

/// <summary>docs/protocol.md "Login".</summary>
public sealed class LoginTests
{
    private static ServerSettings Auto(ServerSettings settings) => settings with { LanPolicy = EnrollmentPolicy.Auto };

    [Fact]
    public async Task AdmittedNodeIsExpectedByTheHubBeforeSshdIsTold()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        var answer = await platform.Login(identity);
        answer.Allowed.ShouldBeTrue();
        answer.Principal.ShouldBe($"waltvpn:{identity.NodeId}");
        var expected = platform.Hub.Told.ShouldHaveSingleItem().Expect!;
        expected.Ticket.ShouldBe(answer.Ticket);
        expected.NodeId.ShouldBe(identity.NodeId);
        expected.VpnMac.ShouldBe(identity.VpnMac);
        (await platform.Login(identity)).Ticket.ShouldNotBe(answer.Ticket);
    }

    [Fact]
    public async Task UnknownSerialOtherKeyIdExpiredAndHalfQuestionsAreRefused()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        var certificate = SshCertificate.Parse(identity.Certificate);
        var question = new LoginRequest
        {
            Kind = LoginKind.Certificate,
            KeyId = certificate.KeyId,
            Serial = certificate.Serial,
            Certificate = identity.Certificate.Split(' ')[1],
        };
        var other = await (await TestNode.Make(platform, 2)).Enroll(platform, TestPlatform.Lan);
        LoginRequest[] wrong =
        [
            question with { Serial = certificate.Serial + 1 }, question with { Serial = 0 }, question with { Serial = ulong.MaxValue },
            question with { Serial = null }, question with { KeyId = null }, question with { Certificate = null }, question with { Certificate = "" },
            question with { Certificate = other.Identity!.Certificate.Split(' ')[1] }, question with { KeyId = certificate.KeyId + " " },
            question with { KeyId = "' OR 1=1 --" },
        ];
        foreach (var bad in wrong) (await platform.Login(bad)).Allowed.ShouldBeFalse();
        (await platform.Login(question)).Allowed.ShouldBeTrue();
        platform.Time.Move(TimeSpan.FromDays(1096));
        (await platform.Login(question)).Allowed.ShouldBeFalse();
    }

    [Fact]
    public async Task WithoutTheHubNobodyIsAdmitted()
    {
        await using var platform = await TestPlatform.Start(Auto);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        platform.Hub.Dispose();
        (await platform.Login(identity)).Allowed.ShouldBeFalse();
    }

    [Fact]
    public async Task HelperThatClosesItsHalfAfterTheQuestionIsAnswered()
    {
        await using var platform = await TestPlatform.Start();
        using var conversation = await Conversation.Open(platform.Settings.LoginSocket);
        await conversation.Write(new LoginRequest { Kind = LoginKind.Command, Command = TunnelCommand.GetServerHostname }, ProtocolJson.Default.LoginRequest);
        conversation.EndWriting();
        (await conversation.Read(ProtocolJson.Default.LoginAnswer)).Output.ShouldBe("srv.example.org");
    }

    [Fact]
    public async Task OnlyTheEnrolmentKeyIsAKey()
    {
        await using var platform = await TestPlatform.Start();
        var enrollmentKey = (await File.ReadAllTextAsync(platform.Settings.EnrollmentKeyFile + ".pub", TestContext.Current.CancellationToken)).Split(' ')[..2];
        (await platform.Login(new LoginRequest { Kind = LoginKind.Key, PublicKey = string.Join(' ', enrollmentKey) })).Allowed.ShouldBeTrue();
        (await platform.Login(new LoginRequest { Kind = LoginKind.Key, PublicKey = (await TestNode.Make(platform, 1)).PublicKey })).Allowed.ShouldBeFalse();
        (await platform.Login(new LoginRequest { Kind = LoginKind.Key })).Allowed.ShouldBeFalse();
        File.GetUnixFileMode(platform.Settings.EnrollmentKeyFile).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Theory]
    [InlineData("check-in-walt-net", "10.9.0.5", true, "OK")]
    [InlineData("check-in-walt-net", "::ffff:10.9.0.5", true, "OK")]
    [InlineData("check-in-walt-net", "192.0.2.1", false, "FAILED")]
    [InlineData("check-in-walt-net", "nonsense", false, "FAILED")]
    [InlineData("get-server-hostname", "192.0.2.1", true, "srv.example.org")]
    [InlineData("get-server-hostname ", "192.0.2.1", false, null)]
    [InlineData("id", "10.9.0.5", false, null)]
    public async Task WaltsQuestionsAreAnswered(string command, string address, bool allowed, string? output)
    {
        await using var platform = await TestPlatform.Start();
        var answer = await platform.Login(new LoginRequest { Kind = LoginKind.Command, Command = command, ClientAddress = address });
        (answer.Allowed, answer.Output).ShouldBe((allowed, output));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"kind":"root"}""")]
    [InlineData("""{"kind":0}""")]
    [InlineData("""{"kind":"key, command"}""")]
    [InlineData("""{"kind":"Key"}""")]
    public async Task NonsenseGetsNoAnswer(string line)
    {
        await using var platform = await TestPlatform.Start();
        using var conversation = await Conversation.Open(platform.Settings.LoginSocket);
        await conversation.Write(line);
        (await conversation.ReadLine()).ShouldBeNull();
    }
}
