using System.Net;
using System.Security.Cryptography;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.BootFiles;
using WaltVpn.Server.Settings;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.BootFiles;

/// <summary>docs/security.md BOOT-4: who runs which boot image, and who stays behind.</summary>
public sealed class NodeImagesTests
{
    private const long Published = 1_800_000_000;

    private static readonly NewestImage _newest = new() { Sha256 = new string('b', 64), Epoch = 2, Built = 9, Published = Published };

    [Theory]
    [InlineData('b', 2, -3600, ImageStanding.Current)]
    [InlineData('b', 2, 86_400, ImageStanding.Current)]
    // It has not started since, or may have asked a moment before.
    [InlineData('a', 1, -86_400, ImageStanding.Older)]
    [InlineData('a', 1, 0, ImageStanding.Older)]
    [InlineData('a', 1, 900, ImageStanding.Older)]
    [InlineData('a', 1, 901, ImageStanding.Behind)]
    [InlineData('a', 2, 86_400, ImageStanding.Behind)]
    [InlineData('a', 3, 86_400, ImageStanding.Ahead)]
    public void NodeIsBehindWhenItStartedLaterAndWithAnotherImageAllTheSame(char digit, long epoch, int secondsLater, ImageStanding standing)
    {
        var image = new RunningImage { Epoch = epoch, Built = 5, Sha256 = new string(digit, 64) };
        NodeImages.Judge(image, DateTimeOffset.FromUnixTimeSeconds(Published + secondsLater), _newest).ShouldBe(standing);
    }

    [Fact]
    public async Task NodeThatStaysBehindIsNamedAndOneThatHasNotStartedSinceIsNot()
    {
        await using var platform = await Platform();
        using var key = new BootKey();
        key.Install(platform);
        var (first, second) = (await ImageWithManifest.Make(1, 1_700_000_000), await ImageWithManifest.Make(2, 1_700_086_400));
        var identity = await Joined(platform, 1);
        // It runs what its card holds.
        await Boots(platform, identity, null);
        (await Shown(platform)).ShouldBeNull();
        (await platform.Waltvpn("doctor", identity.Name)).Output.ShouldNotContain("boot image");

        (await key.Publish(platform, first)).Status.ShouldBe(HttpStatusCode.OK);
        (await platform.Waltvpn("boot", "list")).Output.ShouldContain("EPOCH");
        await Boots(platform, identity, Image(first, 1, 1_700_000_000));
        (await Shown(platform))!.Standing.ShouldBe(ImageStanding.Current);
        await IsWell(platform, identity, "the one that is published");

        // Published while it runs: nothing that anybody must do.
        platform.Time.Move(TimeSpan.FromDays(30));
        (await key.Publish(platform, second)).Status.ShouldBe(HttpStatusCode.OK);
        (await Shown(platform))!.Standing.ShouldBe(ImageStanding.Older);
        await IsWell(platform, identity, "older; the newest, ");
        platform.Time.Move(TimeSpan.FromMinutes(10));
        await Boots(platform, identity, Image(first, 1, 1_700_000_000));
        (await Shown(platform))!.Standing.ShouldBe(ImageStanding.Older);

        platform.Time.Move(TimeSpan.FromHours(1));
        platform.Log.Lines.ShouldNotContain(line => line.Contains("boot images:", StringComparison.Ordinal));
        await Boots(platform, identity, Image(first, 1, 1_700_000_000));
        var behind = (await Shown(platform))!;
        (behind.Standing, behind.Epoch, behind.NewestEpoch).ShouldBe((ImageStanding.Behind, 1, 2));
        platform.Log.Lines.Count(line => line.Contains($"boot images: {identity.Name}", StringComparison.Ordinal)).ShouldBe(1);
        (await platform.Waltvpn("node", "show", identity.Name)).Output.ShouldContain("behind although it started later");
        (await platform.Waltvpn("node", "list", "-o", "wide")).Output.ShouldContain("epoch 1, behind");
        (await platform.Waltvpn("doctor")).Output.ShouldContain(
            $"BROKEN boot images   1 node started with an older one than was published for its board before: {identity.Name}");
        var (status, output) = await platform.Waltvpn("doctor", identity.Name);
        status.ShouldBe(1);
        output.ShouldContain("BROKEN boot image ");
        output.ShouldContain($"Compare the first line of http://ENTRYPOINT/walt-vpn/boot/{identity.NodeId}/boot.sig with 'waltvpn boot list'.");

        await Boots(platform, identity, Image(second, 2, 1_700_086_400));
        await IsWell(platform, identity, "the one that is published");
        (await platform.Waltvpn("node", "list", "-o", "wide")).Output.ShouldNotContain("behind");
    }

    /// <summary>The firmware says no hash; the manifest's numbers are in what it started.</summary>
    [Fact]
    public async Task BoardThatItsFirmwareBootedIsComparedByItsManifest()
    {
        await using var platform = await Platform();
        using var key = new BootKey();
        key.Install(platform);
        await key.Publish(platform, await ImageWithManifest.Make(2, 1_700_086_400));
        var identity = await Joined(platform, 1);
        platform.Time.Move(TimeSpan.FromDays(1));
        foreach (var (epoch, built, standing) in ((long, long, ImageStanding)[])
        [
            (2, 1_700_086_400, ImageStanding.Current), (2, 1_700_000_000, ImageStanding.Behind), (1, 1_700_086_400, ImageStanding.Behind),
            (3, 1_700_086_400, ImageStanding.Ahead),
        ])
        {
            await Boots(platform, identity, new RunningImage { Epoch = epoch, Built = built });
            (await Shown(platform))!.Standing.ShouldBe(standing, $"epoch {epoch}, built {built}");
        }

        // Somebody else's builder: no manifest, nothing to compare.
        await key.Publish(platform, [1, 2, 3]);
        (await Shown(platform))!.Standing.ShouldBe(ImageStanding.Unknown);
        await IsWell(platform, identity, "cannot be compared");
    }

    [Fact]
    public async Task WhoMayNotConnectIsNotNamed()
    {
        await using var platform = await Platform();
        using var key = new BootKey();
        key.Install(platform);
        await key.Publish(platform, await ImageWithManifest.Make(2, 1_700_086_400));
        var identity = await Joined(platform, 1);
        platform.Time.Move(TimeSpan.FromDays(1));
        await Boots(platform, identity, new RunningImage { Epoch = 1, Built = 1 });
        (await platform.Waltvpn("doctor")).Output.ShouldContain("BROKEN boot images");
        (await platform.Waltvpn("node", "disable", identity.Name)).Status.ShouldBe(0);
        (await platform.Waltvpn("doctor")).Output.ShouldContain("ok     boot images");
    }

    private static Task<TestPlatform> Platform() => TestPlatform.Start(settings => settings with
    {
        LanPolicy = EnrollmentPolicy.Auto,
        BootPublicKeyFile = Path.Combine(settings.StateDirectory, "..", "boot.pem"),
    });

    private static async Task<NodeIdentity> Joined(TestPlatform platform, int number)
    {
        var node = await TestNode.Make(platform, number);
        node.Model = "WaltVpn virtual board";
        return (await node.Enroll(platform, TestPlatform.Lan)).Identity!;
    }

    private static RunningImage Image(byte[] content, long epoch, long built) =>
        new() { Epoch = epoch, Built = built, Sha256 = Convert.ToHexStringLower(SHA256.HashData(content)) };

    /// <summary>It starts, comes in, and tells twice of the same boot.</summary>
    private static async Task Boots(TestPlatform platform, NodeIdentity identity, RunningImage? image)
    {
        var boot = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        for (var number = 1; number <= 2; number++)
        {
            var before = Answers(platform);
            platform.Hub.Reports.Enqueue(new HeardReport(identity.NodeId, new NodeReport { Boot = boot, Number = number, Now = 5000, Image = image }));
            await Wait.Until(() => Task.FromResult(Answers(platform) > before));
        }
    }

    private static int Answers(TestPlatform platform) => platform.Hub.Told.Count(told => told.Word is { Kind: TunnelControl.ReportKept });

    private static async Task<NodeImageView?> Shown(TestPlatform platform) => (await platform.Nodes()).ShouldHaveSingleItem().BootImage;

    private static async Task IsWell(TestPlatform platform, NodeIdentity identity, string finding)
    {
        var (_, output) = await platform.Waltvpn("doctor", identity.Name);
        output.ShouldContain("ok     boot images ");
        output.Split('\n').Single(line => line.StartsWith("ok     boot image ", StringComparison.Ordinal)).ShouldContain(finding);
    }
}
