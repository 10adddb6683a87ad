using Dapper;
using Microsoft.Data.Sqlite;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Certificates;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>kill -9 of a real waltvpnd at named points (docs/security.md ENR-4, CERT-3, CERT-7, TST-4).</summary>
public sealed class CrashTests
{
    [Theory]
    [InlineData("before-verify")]
    [InlineData("after-verify")]
    [InlineData("before-sign")]
    [InlineData("after-sign")]
    public async Task EnrolmentKilledAnywhereEndsInOneNodeWithOneIdentity(string point)
    {
        PrivateHost.Require();
        await using var platform = await TestPlatform.Start();
        await platform.StopDaemon();
        using var daemon = new DaemonProcess(platform.Settings, Path.Combine(platform.Folder, "crash"));
        await daemon.Start(platform.Settings.LoginSocket);
        var node = await TestNode.Make(platform, 1);
        daemon.Arm(point);
        using (await node.AskAndProve(platform, TestPlatform.Lan)) await daemon.KillWhenReached();
        await daemon.Start(platform.Settings.LoginSocket);
        var first = (await node.Enroll(platform, TestPlatform.Lan)).Identity.ShouldNotBeNull();
        daemon.Kill();
        await daemon.Start(platform.Settings.LoginSocket);
        (await node.Enroll(platform, TestPlatform.Lan)).Identity.ShouldBe(first);
        (await platform.Nodes()).ShouldHaveSingleItem().Id.ShouldBe(first.NodeId);
        (await platform.Requests()).Count.ShouldBe(1);
        (await platform.Login(first)).Allowed.ShouldBeTrue();
        daemon.Kill();
        await AbandonedSerialsAreVoid(platform, first);
    }

    [Theory]
    [InlineData("before-list")]
    [InlineData("after-list")]
    public async Task RevocationKilledAnywhereHoldsAfterTheRestart(string point)
    {
        PrivateHost.Require();
        await using var platform = await TestPlatform.Start();
        await platform.StopDaemon();
        using var daemon = new DaemonProcess(platform.Settings, Path.Combine(platform.Folder, "crash"));
        await daemon.Start(platform.Settings.LoginSocket);
        var identity = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity.ShouldNotBeNull();
        daemon.Arm(point);
        var revoke = platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{identity.NodeId}/revoke");
        await daemon.KillWhenReached();
        await Should.ThrowAsync<HttpRequestException>(revoke);
        await daemon.Start(platform.Settings.LoginSocket);
        (await platform.Login(identity)).Allowed.ShouldBeFalse();
        var file = Path.Combine(platform.Folder, "asked-cert.pub");
        await File.WriteAllTextAsync(file, identity.Certificate + "\n", TestContext.Current.CancellationToken);
        (await Shell.Try("ssh-keygen", ["-Q", "-f", platform.Settings.RevocationListFile, file])).Output.ShouldContain("REVOKED");
    }

    /// <summary>Every serial in the journal is the released one, or void.</summary>
    private static async Task AbandonedSerialsAreVoid(TestPlatform platform, NodeIdentity identity)
    {
        await using var db = new SqliteConnection($"Data Source={platform.Settings.DatabaseFile}");
        var live = (await db.QueryAsync<long>("SELECT serial FROM certificates WHERE revoked_at IS NULL")).ToList();
        live.ShouldBe([(long)SshCertificate.Parse(identity.Certificate).Serial]);
    }
}
