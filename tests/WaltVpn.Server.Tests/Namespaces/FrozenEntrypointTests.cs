using System.Net;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Namespaces;

/// <summary>
/// docs/security.md BOOT-4: a real nginx between board and server that keeps what it once fetched, and hands out yesterday's pair: signed, whole, old.
/// </summary>
/// <remarks><see cref="EntrypointMachine"/> draws the network.</remarks>
[Collection(LanSite.Collection)]
public sealed class FrozenEntrypointTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NodeThatARelayGivesYesterdaysPairIsFlaggedAtFirstContact()
    {
        await using var site = await LanSite.Open();
        var folder = Path.Combine(site.Platform.Folder, "web");
        var frozen = $$"""
            proxy_cache_path {{folder}}/kept keys_zone=kept:1m;
            server {
              listen 80;
              location /walt-vpn/ {
                proxy_pass http://{{EntrypointMachine.Server}}; proxy_cache kept; proxy_cache_valid 200 10d; proxy_ignore_headers Cache-Control Expires;
              }
            }
            """;
        await using var entrypoint = await EntrypointMachine.Start("nginx", frozen, folder);
        using var server = new HttpClient { BaseAddress = new Uri($"http://{EntrypointMachine.Server}"), Timeout = TimeSpan.FromSeconds(60) };
        var board = await TestNode.Make(site.Platform, 1);
        board.Model = "WaltVpn virtual board";
        var identity = (await board.Enroll(site.Platform, TestPlatform.Lan)).Identity.ShouldNotBeNull();

        (await site.BootKey.Publish(site.Platform, await ImageWithManifest.Make(1, 1_700_000_000))).Status.ShouldBe(HttpStatusCode.OK);
        var yesterday = await Given(entrypoint.Http, identity);
        site.Platform.Time.Move(TimeSpan.FromDays(1));
        (await site.BootKey.Publish(site.Platform, await ImageWithManifest.Make(2, 1_700_086_400))).Status.ShouldBe(HttpStatusCode.OK);
        site.Platform.Time.Move(TimeSpan.FromHours(1));

        // The board starts: its relay and its server disagree.
        var given = await Given(entrypoint.Http, identity);
        given.ShouldBe(yesterday);
        (await Given(server, identity)).Epoch.ShouldBe(2);
        site.Platform.Hub.Reports.Enqueue(
            new HeardReport(identity.NodeId, new NodeReport { Boot = new string('1', 32), Number = 1, Now = 20_000, Image = given }));
        await Wait.Until(async () => (await Shown(site)) is not null);
        (await Shown(site))!.Standing.ShouldBe(ImageStanding.Behind);
        await Wait.Until(() => Task.FromResult(site.Platform.Log.Lines.Any(line => line.Contains($"boot images: {identity.Name}", StringComparison.Ordinal))));
        (await site.Platform.Waltvpn("doctor")).Output.ShouldContain($"published for its board before: {identity.Name}");

        // And with what the server itself gives it is well.
        var right = await Given(server, identity);
        site.Platform.Hub.Reports.Enqueue(
            new HeardReport(identity.NodeId, new NodeReport { Boot = new string('2', 32), Number = 2, Now = 20_000, Image = right }));
        await Wait.Until(async () => (await Shown(site))!.Epoch == 2);
        (await Shown(site))!.Standing.ShouldBe(ImageStanding.Current);
    }

    /// <summary>The pair that a board gets there, as it tells of it once it runs.</summary>
    private static async Task<RunningImage> Given(HttpClient http, NodeIdentity identity)
    {
        var signature = SignatureFile.Parse(await http.GetStringAsync($"{Routes.Boot}/{identity.NodeId}/boot.sig", Cancellation));
        using var image = FatImage.Open(new MemoryStream(await http.GetByteArrayAsync($"{Routes.Boot}/{identity.NodeId}/boot.img", Cancellation)));
        var manifest = BootManifest.Parse(image.ReadAll(BootManifest.FileName, BootManifest.MaxLength));
        return new RunningImage { Epoch = manifest.Epoch, Built = manifest.BuildTime.ToUnixTimeSeconds(), Sha256 = signature.Sha256 };
    }

    private static async Task<NodeImageView?> Shown(LanSite site) => (await site.Platform.Nodes()).ShouldHaveSingleItem().BootImage;
}
