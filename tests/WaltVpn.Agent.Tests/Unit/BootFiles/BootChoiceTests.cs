using Shouldly;
using WaltVpn.Agent.BootFiles;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.BootFiles;

public sealed class BootChoiceTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

    [Theory]
    [InlineData("never", false)]
    [InlineData("stale-ok:0", false)]
    [InlineData("stale-ok:29", false)]
    [InlineData("stale-ok:30", true)]
    [InlineData(null, true)]
    public void AnOldWordOfTheServerIsGoodForAsManyDaysAsAllowed(string? policy, bool starts)
    {
        var record = new BootRecord { Good = ["a"], NamedAt = Now.AddDays(-30).ToUnixTimeSeconds() };
        BootChoice.Of(record, named: null, CachePolicy.Parse(policy)!, Now).Images.ShouldBe(starts ? ["a"] : []);
        BootChoice.Of(record, "a", CachePolicy.Parse(policy)!, Now).Images.ShouldBe(["a"]);
    }

    [Theory]
    [InlineData("always")]
    [InlineData("stale-ok:")]
    [InlineData("stale-ok:-1")]
    [InlineData("stale-ok:36501")]
    [InlineData("Never")]
    public void AnotherWordIsNoPolicy(string text) => CachePolicy.Parse(text).ShouldBeNull();

    [Fact]
    public void WhateverHappenedThereIsAChoiceAndTheServersImageIsNeverStartedMoreOftenThanItMay()
    {
        var random = new Random(7);
        string[] images = ["a", "b", "c", "d"];
        var record = new BootRecord();
        for (var start = 0; start < 5000; start++)
        {
            var named = random.Next(4) == 0 ? null : images[random.Next(images.Length)];
            var choice = BootChoice.Of(record, named, CachePolicy.Default, Now);
            choice.Because.ShouldNotBeEmpty();
            choice.Images.ShouldBeUnique();
            choice.Images.ShouldAllBe(image => image == named || record.Good.Contains(image));
            if (choice.Images.Count == 0)
            {
                record = record.CameIn(image: null, Now);
                continue;
            }

            var image = choice.Images[0];
            record = record.Starting(image, epoch: 0, image == named ? Now : null);
            if (record.Tried == image) record.Tries.ShouldBeLessThanOrEqualTo(BootChoice.MostTries);
            record = BootRecord.Parse(record.ToBytes());
            if (random.Next(3) == 0) record = record.CameIn(image, Now);
            record.Good.Count.ShouldBeLessThanOrEqualTo(BootRecord.Kept);
        }
    }

    [Theory]
    [InlineData("quiet console=ttyAMA10,115200 console=tty0", "console=tty0 console=ttyS0 x", "quiet console=tty0 console=ttyS0")]
    [InlineData("", "root=x\n", "")]
    public void TheNextKernelHasTheConsolesOfThisOne(string image, string running, string expected)
    {
        var sha = new string('a', 64);
        var line = Kexec.CommandLine(image, running, sha);
        line.ShouldBe($"{expected} waltvpn.stage2={sha}".TrimStart());
        Kexec.StageTwoImage(line + "\n").ShouldBe(sha);
        Kexec.StageTwoImage(running).ShouldBeNull();
        Kexec.StageTwoImage("waltvpn.stage2=../../etc").ShouldBeNull();
        (Kexec.Epoch($"{line} waltvpn.epoch=7\n"), Kexec.Epoch(line), Kexec.Epoch("waltvpn.epoch=-7")).ShouldBe((7, null, null));
    }

    [Fact]
    public void TheServersSettingsTakeThePlaceOfTheCards()
    {
        var key = Convert.ToBase64String(SignedImage.Key.ExportSubjectPublicKeyInfo());
        var card = new NodeSettings
        {
            Platform = "lab",
            SshEntrypoints = ["a"],
            HostKeys = ["k"],
            EnrollmentKey = new Secret("x"),
            HttpEntrypoint = "boot.example.org:8080",
            BootKey = key,
        };
        BootSource.Problem(card).ShouldBeNull();
        var source = BootSource.Of(card, told: null, "0123")!;
        (source.Server, source.Path).ShouldBe((new Uri("http://boot.example.org:8080"), "/walt-vpn/boot/0123"));
        BootSource.Of(card with { HttpEntrypoint = "[2001:db8::1]" }, told: null, "0123")!.Server.ShouldBe(new Uri("http://[2001:db8::1]:80"));
        BootSource.Of(card with { HttpEntrypoint = null, BootKey = null }, told: null, "0123").ShouldBeNull();

        var told = new SettingsDocument
        {
            Version = 1,
            Platform = "lab",
            NodeId = "0123",
            Counter = 1,
            SshEntrypoints = ["a:22"],
            HostKeys = ["k"],
            BootMode = BootMode.Enforced,
            VpnMac = MacAddress.Parse("52:54:00:00:00:01"),
            Certificate = "c",
        };
        BootSource.Of(card, told, "0123").ShouldBeNull("the server has none to offer any more");
        told = told with { HttpEntrypoint = new HttpEntrypoint { Host = "other", Port = 80, Path = "walt-vpn/per-ip/10-0-0-1" }, BootKey = key };
        (BootSource.Of(card, told, "0123")!.Path).ShouldBe("/walt-vpn/per-ip/10-0-0-1");
    }

    [Theory]
    [InlineData("-x", "AAAA", "httpEntrypoint: '-x' is no host name")]
    [InlineData("boot.example.org", null, "belong together")]
    [InlineData("boot.example.org", "AAAA", "bootKey must be an RSA-2048 public key")]
    public void WrongSettingsAreNamed(string server, string? key, string reason)
    {
        var card = new NodeSettings
        {
            Platform = "lab",
            SshEntrypoints = ["a"],
            HostKeys = ["k"],
            EnrollmentKey = new Secret("x"),
            HttpEntrypoint = server,
            BootKey = key,
        };
        BootSource.Problem(card).ShouldNotBeNull().ShouldContain(reason);
    }
}
