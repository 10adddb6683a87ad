using Dapper;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.Health;

/// <summary><c>waltvpn doctor</c> in front of a real daemon: each planted fault is named, and no other link is blamed.</summary>
public sealed class DoctorTests
{
    private const string NobodyListens = "127.0.0.1:1";

    [Fact]
    public async Task WithoutAFaultOnlyTheWayInThatIsNoneIsBroken()
    {
        await using var platform = await Start();
        (await Broken(platform)).ShouldBe(["ssh way in"]);
        var (_, output) = await platform.Waltvpn("doctor");
        output.ShouldContain("ok     CA            its agent holds the key and can sign");
        output.ShouldContain($"BROKEN ssh way in    {NobodyListens} nothing listens there");
        output.ShouldContain("1 of 10 are broken; begin with the first.");
    }

    [Fact]
    public async Task AbsentAgentIsNamed()
    {
        await using var platform = await Start(settings => settings with { CaAgentSocket = "/nowhere/agent.sock" });
        await Names(platform, "CA", "systemctl status waltvpn-ca");
    }

    [Fact]
    public async Task DeadHubIsNamed()
    {
        await using var platform = await Start();
        platform.Hub.Dispose();
        await Names(platform, "hub", "systemctl status waltvpn-hub");
    }

    [Fact]
    public async Task MissingRevocationListIsNamed()
    {
        await using var platform = await Start();
        // A wrong file the daemon would replace within seconds; this it cannot.
        File.Delete(platform.Settings.RevocationListFile);
        Directory.CreateDirectory(platform.Settings.RevocationListFile);
        await Names(platform, "revocations", "systemctl restart waltvpnd");
    }

    [Fact]
    public async Task MissingHostKeyIsNamed()
    {
        await using var platform = await Start(settings => settings with { HostKeyFiles = ["/nowhere/key.pub"] });
        (await Broken(platform)).ShouldBe(["host keys"]);
        (await platform.Waltvpn("doctor")).Output.ShouldContain("hostKeyFiles in server.yaml");
    }

    [Fact]
    public async Task ClockThatWentBackIsNamed()
    {
        await using var platform = await Start();
        await platform.Token(1, TimeSpan.FromHours(1));
        platform.Time.Move(TimeSpan.FromDays(-1));
        await Names(platform, "clock", "timedatectl");
    }

    [Fact]
    public async Task DatabaseThatIsHeldByAnotherIsNamed()
    {
        await using var platform = await Start();
        using var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={platform.Settings.DatabaseFile}");
        other.Open();
        other.Execute("BEGIN IMMEDIATE");
        await Names(platform, "database", "another program hold the file");
        other.Execute("ROLLBACK");
    }

    [Fact]
    public async Task BoardsThatWaitAreMentioned()
    {
        await using var platform = await Start();
        using var waiting = await (await TestNode.Make(platform, 1)).AskAndProve(platform, TestPlatform.Remote);
        await platform.OnePending();
        (await platform.Waltvpn("doctor")).Output.ShouldContain("1 board waiting for you: waltvpn request list");
    }

    [Fact]
    public async Task NodesStoryIsToldInItsOrder()
    {
        await using var platform = await Start(settings => settings with { LanPolicy = EnrollmentPolicy.Auto });
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity!;
        (await platform.Waltvpn("doctor", identity.Name)).Output.ShouldContain("down; the node was never here since it was accepted");
        var login = await platform.Login(identity);
        (await platform.Login(new LoginRequest { Kind = LoginKind.Command, Command = TunnelCommand.Settings, Ticket = login.Ticket })).Allowed.ShouldBeTrue();
        (await platform.Waltvpn("doctor", identity.Name)).Output.ShouldContain("down; the node was here last at ");
        (await platform.Nodes()).ShouldHaveSingleItem().LastSeen.ShouldNotBeNull();
        await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/disable");
        (await platform.Waltvpn("doctor", identity.Name)).Output.ShouldContain($"-> it is disabled: waltvpn node enable {identity.Name}");
        await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/revoke");
        (await platform.Waltvpn("doctor", identity.Name)).Output.ShouldContain("-> its key is void for ever");
        (await platform.Waltvpn("doctor", "nobody")).Status.ShouldBe(3);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static Task<TestPlatform> Start(Func<ServerSettings, ServerSettings>? change = null) => TestPlatform.Start(settings =>
    {
        SshEntrypoint.TryParse(NobodyListens, out var entrypoint).ShouldBeTrue();
        settings = settings with { SshEntrypoints = [entrypoint] };
        return change?.Invoke(settings) ?? settings;
    });

    private static async Task Names(TestPlatform platform, string link, string remedy)
    {
        (await Broken(platform)).ShouldBe([link, "ssh way in"]);
        var (status, output) = await platform.Waltvpn("doctor");
        status.ShouldBe(1);
        output.ShouldContain($"BROKEN {link}");
        output.ShouldContain(remedy);
    }

    private static async Task<string[]> Broken(TestPlatform platform)
    {
        var (status, output) = await platform.Waltvpn("doctor", "-o", "json");
        status.ShouldBe(1, output);
        return System.Text.Json.JsonSerializer.Deserialize(output, ProtocolJson.Default.IReadOnlyListHealthCheck)!
            .Where(check => !check.Works).Select(check => check.Name).ToArray();
    }
}
