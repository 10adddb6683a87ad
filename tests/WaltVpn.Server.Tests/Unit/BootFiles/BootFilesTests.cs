using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Shouldly;
using WaltVpn.Protocol;
using WaltVpn.Server.Tests.Parts;
using Xunit;

namespace WaltVpn.Server.Tests.Unit.BootFiles;

/// <summary>docs/protocol.md "Boot files"; docs/security.md BOOT-1, BOOT-5, HTTP-2, HTTP-4.</summary>
public sealed class BootFilesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NodeGetsThePublishedPairAndOpensslAcceptsIt()
    {
        await using var site = await Site.Open();
        var image = RandomNumberGenerator.GetBytes(300_000);
        (await site.Key.Publish(site.Platform, image)).Status.ShouldBe(HttpStatusCode.OK);
        var signature = await site.Http.GetStringAsync(site.Sig, Cancellation);
        (await site.Http.GetByteArrayAsync(site.Img, Cancellation)).ShouldBe(image);
        signature.Length.ShouldBe(602);
        var folder = site.Platform.Folder;
        await File.WriteAllBytesAsync(Path.Combine(folder, "boot.img"), image, Cancellation);
        await File.WriteAllBytesAsync(Path.Combine(folder, "signature"), SignatureFile.Parse(signature).Signature!.Value.ToArray(), Cancellation);
        string[] verify = ["dgst", "-sha256", "-verify", site.Platform.Settings.BootPublicKeyFile, "-signature", $"{folder}/signature", $"{folder}/boot.img"];
        (await Shell.Run("openssl", verify)).ShouldContain("Verified OK");
        image[12345] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(folder, "boot.img"), image, Cancellation);
        (await Shell.Try("openssl", verify)).Status.ShouldNotBe(0);
    }

    [Fact]
    public async Task BrokenDownloadGoesOnWhereItStopped()
    {
        await using var site = await Site.Open();
        var image = RandomNumberGenerator.GetBytes(200_000);
        await site.Key.Publish(site.Platform, image);
        using var head = await site.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, site.Img), Cancellation);
        head.Content.Headers.ContentLength.ShouldBe(200_000);
        head.Headers.ETag!.Tag.ShouldBe($"\"{Convert.ToHexStringLower(SHA256.HashData(image))}\"");
        using var range = new HttpRequestMessage(HttpMethod.Get, site.Img) { Headers = { Range = new RangeHeaderValue(150_000, null) } };
        using var rest = await site.Http.SendAsync(range, Cancellation);
        rest.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await rest.Content.ReadAsByteArrayAsync(Cancellation)).ShouldBe(image[150_000..]);
        using var known = new HttpRequestMessage(HttpMethod.Get, site.Img) { Headers = { IfNoneMatch = { head.Headers.ETag } } };
        using var same = await site.Http.SendAsync(known, Cancellation);
        same.StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Fact]
    public async Task WhatIsNotSignedByThePlatformIsNotPublished()
    {
        await using var site = await Site.Open();
        var image = RandomNumberGenerator.GetBytes(1000);
        var good = site.Key.Sign(image);
        using var stranger = new BootKey();
        foreach (var (text, status) in (IEnumerable<(string, HttpStatusCode)>)
        [
            (stranger.Sign(image).ToText(), HttpStatusCode.Conflict),
            (site.Key.Sign([1]).ToText(), HttpStatusCode.Conflict),
            ((good with { Sha256 = new string('0', 64) }).ToText(), HttpStatusCode.Conflict),
            (good.ToText() + "\n", HttpStatusCode.BadRequest),
            (good.ToText().TrimEnd('\n'), HttpStatusCode.BadRequest),
            (good.ToText().Replace("ts: ", "ts: 0", StringComparison.Ordinal), HttpStatusCode.BadRequest),
            (good.ToText().ToUpperInvariant(), HttpStatusCode.BadRequest),
            ((good with { Signature = null }).ToText(), HttpStatusCode.BadRequest),
            ((good with { Chip = "2712" }).ToText(), HttpStatusCode.BadRequest),
            ("", HttpStatusCode.BadRequest),
        ])
        {
            (await BootKey.Send(site.Platform, image, text)).Status.ShouldBe(status, text);
        }

        (await site.Key.Publish(site.Platform, image, "rpi-6-b")).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await site.Key.Publish(site.Platform, new byte[Protocol.BootFiles.MaxImageSize + 1])).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await site.Platform.Api(HttpMethod.Get, Routes.BootFiles)).Body.ShouldBe("[]");
        Directory.GetFiles(site.Platform.Settings.BootImageDirectory).ShouldBeEmpty();
        Directory.GetFiles(site.Platform.Settings.WorkDirectory).ShouldBeEmpty();
        (await site.Http.GetAsync(site.Sig, Cancellation)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task UnknownRevokedAndMalformedNodesLookAlike()
    {
        await using var site = await Site.Open();
        await site.Key.Publish(site.Platform, [1, 2, 3]);
        var other = await site.NewNode(2, "Raspberry Pi 5 Model B Rev 1.0");
        var revoked = await site.NewNode(3, "WaltVpn virtual board");
        await site.Platform.Api(HttpMethod.Post, $"{Routes.Nodes}/{revoked}/revoke");
        foreach (var node in (string[])[other, revoked, new string('0', 32), "x", new string('a', 500), "%2e%2e", "null"])
        {
            foreach (var file in (string[])["boot.sig", "boot.img", "boot.bin", ""])
            {
                using var answer = await site.Http.GetAsync($"{Routes.Boot}/{node}/{file}", Cancellation);
                answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, node);
                (await answer.Content.ReadAsStringAsync(Cancellation)).ShouldBeEmpty();
            }
        }
    }

    [Fact]
    public async Task NoPathLeadsOutOfTheTable()
    {
        await using var site = await Site.Open();
        await site.Key.Publish(site.Platform, [1, 2, 3]);
        await File.WriteAllTextAsync(Path.Combine(site.Platform.Settings.StateDirectory, "canary"), "canary", Cancellation);
        var paths = Traversal.Forms("http://127.0.0.1", $"{Routes.Boot}/{site.Node}", site.Img).ToList();
        paths.Count.ShouldBeGreaterThan(400);
        foreach (var path in paths) (await site.Raw($"GET {path} HTTP/1.1")).ShouldMatch("^HTTP/1.1 40[04] ", path);
    }

    [Fact]
    public async Task DownloadsThatOverlapPublicationsGetPairsThatBelongTogether()
    {
        const int Nodes = 10, Downloads = 10_000, Publications = 100;
        await using var site = await Site.Open();
        await site.Key.Publish(site.Platform, RandomNumberGenerator.GetBytes(700));
        var nodes = new List<string> { site.Node };
        while (nodes.Count < Nodes) nodes.Add(await site.NewNode(10 + nodes.Count, "WaltVpn virtual board"));
        var (left, mismatched) = (Downloads, 0);
        var publishing = Task.Run(async () =>
        {
            for (var i = 1; i < Publications; i++)
            {
                var image = RandomNumberGenerator.GetBytes(700 + i);
                (await site.Key.Publish(site.Platform, image)).Status.ShouldBe(HttpStatusCode.OK);
            }
        }, Cancellation);
        await Task.WhenAll(nodes.Select(async node =>
        {
            while (Interlocked.Decrement(ref left) >= 0 || !publishing.IsCompleted)
            {
                var signature = await site.Http.GetStringAsync($"{Routes.Boot}/{node}/boot.sig", Cancellation);
                var image = await site.Http.GetByteArrayAsync($"{Routes.Boot}/{node}/boot.img", Cancellation);
                if (!signature.StartsWith(Convert.ToHexStringLower(SHA256.HashData(image)), StringComparison.Ordinal)) Interlocked.Increment(ref mismatched);
            }
        }));
        await publishing;
        mismatched.ShouldBe(0);
    }

    [Fact]
    public async Task PublicationsAtTheSameTimeLeaveNoPairWithoutItsImage()
    {
        await using var site = await Site.Open();
        for (byte round = 0; round < 20; round++)
        {
            await Task.WhenAll(Protocol.BootFiles.Boards.Select((board, index) => site.Key.Publish(site.Platform, [round, (byte)index], board)));
            (await site.Http.GetByteArrayAsync(site.Img, Cancellation)).Length.ShouldBe(2);
            Directory.GetFiles(site.Platform.Settings.BootImageDirectory).Length.ShouldBe((round + 1) * Protocol.BootFiles.Boards.Count());
        }
    }

    [Fact]
    public async Task SupersededImagesGoWhenNobodyDownloadsThemAnyMore()
    {
        await using var site = await Site.Open();
        for (byte i = 0; i < 6; i++) await site.Key.Publish(site.Platform, [i]);
        Directory.GetFiles(site.Platform.Settings.BootImageDirectory).Length.ShouldBe(6);
        site.Platform.Time.Move(TimeSpan.FromHours(7));
        await site.Key.Publish(site.Platform, [6]);
        // The newest three, and the one that was current until now.
        Directory.GetFiles(site.Platform.Settings.BootImageDirectory).Length.ShouldBe(3);
        (await site.Http.GetByteArrayAsync(site.Img, Cancellation)).ShouldBe([6]);
        // One board's do not push out another's.
        await site.Key.Publish(site.Platform, [7], "rpi-5-b");
        Directory.GetFiles(site.Platform.Settings.BootImageDirectory).Length.ShouldBe(4);
    }

    [Fact]
    public async Task OperatorMakesAKeyPublishesAndLists()
    {
        await using var site = await Site.Open();
        var (folder, image) = (Path.Combine(site.Platform.Folder, "keys"), Path.Combine(site.Platform.Folder, "boot.img"));
        await File.WriteAllBytesAsync(image, RandomNumberGenerator.GetBytes(5_000_000), Cancellation);
        (await site.Waltvpn("boot", "publish", "--board", "qemu-x64", "--key", $"{folder}/private.pem", image)).ShouldBe(
            (1, $"waltvpn: there is no {folder}/private.pem. Make a pair with 'sudo waltvpn boot make-key', or name yours with --key\n"));
        (await site.Waltvpn("boot", "make-key", "--folder", folder)).Status.ShouldBe(0);
        File.GetUnixFileMode($"{folder}/private.pem").ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await site.Waltvpn("boot", "make-key", "--folder", folder)).Status.ShouldBe(4);
        // The server's key is another one still.
        (await site.Waltvpn("boot", "publish", "--board", "qemu-x64", "--key", $"{folder}/private.pem", image)).Status.ShouldBe(4);
        File.Copy($"{folder}/public.pem", site.Platform.Settings.BootPublicKeyFile, overwrite: true);
        var published = await site.Waltvpn("boot", "publish", "--board", "qemu-x64", "--key", $"{folder}/private.pem", image);
        published.Output.ShouldContain("qemu-x64: published boot.img");
        var unsigned = await site.Waltvpn("boot", "publish", "--board", "qemu-x64", "--key", $"{folder}/public.pem", image);
        unsigned.Output.ShouldContain("cannot read the boot key");
        var list = await site.Waltvpn("boot", "list");
        list.Output.ShouldContain("5.0");
        list.Output.ShouldContain("current");
        (await site.Waltvpn("boot", "list", "-o", "json")).Output.ShouldContain("\"current\": true");
    }
}
