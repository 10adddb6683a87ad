using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>A full disk (docs/security.md CERT-7, REL-5): the state stands on a small tmpfs.</summary>
public sealed class DiskFullTests
{
    [Fact]
    public async Task FullDiskDecidesNothingShortensNothingAndHealsByItself()
    {
        PrivateHost.Require();
        var state = Directory.CreateTempSubdirectory("waltvpn-full-").FullName;
        await Shell.Run("mount", ["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", state]);
        await using var platform = await TestPlatform.Start(settings => settings with { StateDirectory = state, LanPolicy = EnrollmentPolicy.Auto });
        var first = (await (await TestNode.Make(platform, 1)).Enroll(platform, TestPlatform.Lan)).Identity.ShouldNotBeNull();
        var second = (await (await TestNode.Make(platform, 3)).Enroll(platform, TestPlatform.Lan)).Identity.ShouldNotBeNull();
        await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{first.NodeId}/revoke");
        var list = await File.ReadAllBytesAsync(platform.Settings.RevocationListFile, TestContext.Current.CancellationToken);

        var filler = Path.Combine(state, "filler");
        (await Shell.Try("dd", ["if=/dev/zero", $"of={filler}", "bs=4096"])).Output.ShouldContain("No space left");
        var late = await TestNode.Make(platform, 2);
        await RefusedOrClosed(late, platform);
        (await platform.Login(first)).Allowed.ShouldBeFalse();
        var refused = await platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{second.NodeId}/revoke");
        refused.Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        refused.Body.ShouldContain("cannot read or write its records");
        (await File.ReadAllBytesAsync(platform.Settings.RevocationListFile, TestContext.Current.CancellationToken)).ShouldBe(list);

        File.Delete(filler);
        (await late.Enroll(platform, TestPlatform.Lan)).Status.ShouldBe(EnrollmentStatus.Accepted);
        (await platform.Api(HttpMethod.Get, Routes.Nodes)).Status.ShouldBe(HttpStatusCode.OK);
        await platform.StopDaemon();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        await Shell.Run("umount", [state]);
        Directory.Delete(state);
    }

    private static async Task RefusedOrClosed(TestNode node, TestPlatform platform)
    {
        using var conversation = await node.AskAndProve(platform, TestPlatform.Lan);
        var line = await conversation.ReadLine();
        (line ?? "closed without an answer").ShouldNotContain("accepted\",\"identity");
        (await platform.Nodes()).Count.ShouldBe(2);
    }
}
