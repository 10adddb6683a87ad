using Shouldly;
using WaltVpn.Agent.BootFiles;
using WaltVpn.Agent.Life;
using WaltVpn.Protocol;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.BootFiles;

/// <summary>docs/security.md BOOT-4: what a node says of the image it was given, once it knows which one the server has.</summary>
public sealed class FreezeWatchTests
{
    private static readonly string One = new('1', 64), Two = new('2', 64), Three = new('3', 64);

    private readonly RecordingLog _log = new();
    private readonly ClockOfTheKernel _time = new();

    [Theory]
    // By its hash, whatever the manifest says.
    [InlineData("2", 2, 9, ImageAge.Current)]
    [InlineData("1", 1, 5, ImageAge.Superseded)]
    [InlineData("1", 2, 5, ImageAge.Superseded)]
    [InlineData("1", 2, 9, ImageAge.Superseded)]
    [InlineData("1", 3, 5, ImageAge.Ahead)]
    // The firmware fetched it.
    [InlineData(null, 2, 9, ImageAge.Current)]
    [InlineData(null, 2, 5, ImageAge.Superseded)]
    [InlineData(null, 1, 9, ImageAge.Superseded)]
    [InlineData(null, 3, 9, ImageAge.Ahead)]
    public void ImageIsComparedByHashThenEpochThenTime(string? hash, long epoch, long built, ImageAge age) =>
        Running(hash, epoch, built).Against(Newest(Two, 2)).ShouldBe(age);

    [Theory]
    [InlineData("2", ImageAge.Current)]
    [InlineData("1", ImageAge.Superseded)]
    [InlineData(null, ImageAge.Unknown)]
    public void ImageWithoutManifestIsComparedByHashAlone(string? hash, ImageAge age) =>
        Running(hash, 7, 9).Against(new NewestImage { Sha256 = Two, Published = 1 }).ShouldBe(age);

    [Fact]
    public void OldImageIsSaidOnceOnTheConsoleAndInTheTimeline()
    {
        var (watch, timeline) = Booted(Running("1", 1, 5));
        watch.Hear(Told(Newest(Two, 2)));
        watch.Hear(Told(Newest(Two, 2)));
        var line = _log.Lines.ShouldHaveSingleItem();
        line.ShouldBe(
            "warning BootFiles: this boot image (1111111111111111, epoch 1, built 1970-01-01 00:00:05Z) is not the server's newest "
            + "(2222222222222222, epoch 2, built 1970-01-01 00:00:09Z), published 2027-01-15 08:00:00Z. Unless that was a moment ago, "
            + "http://boot.example.org gives an old one, or the newest did not come in.");
        var stage = timeline.Stages.Single(stage => stage.Stage == "bootFiles");
        (stage.Outcome, stage.Tries).ShouldBe((StageOutcome.Done, 1));
        line.ShouldContain(stage.Why.ShouldNotBeNull());
    }

    [Fact]
    public void ImageOfTheServerIsSaidAndWhatIsPublishedLaterIsNoAlarm()
    {
        var (watch, timeline) = Booted(Running("1", 1, 5));
        watch.Hear(Told(Newest(One, 1)));
        watch.Hear(Told(Newest(Two, 2)));
        watch.Hear(Told(Newest(Three, 2)));
        _log.Lines.Count.ShouldBe(3);
        _log.Lines[0].ShouldStartWith("info BootFiles: this is the boot image that the server names: ");
        _log.Lines.Skip(1).ShouldAllBe(line => line.StartsWith("info BootFiles: the server has a newer boot image: ", StringComparison.Ordinal));
        timeline.Stages.ShouldAllBe(stage => stage.Why == null);
    }

    [Fact]
    public void ServerThatIsReachedLateMayHaveGotItsImageMeanwhile()
    {
        _time.Seconds = (long)FreezeWatch.Fresh.TotalSeconds;
        var (watch, timeline) = Booted(Running("1", 1, 5));
        watch.Hear(Told(Newest(Two, 2)));
        _log.Lines.ShouldHaveSingleItem().ShouldStartWith("info BootFiles: the server has a newer boot image: ");
        timeline.Stages.ShouldAllBe(stage => stage.Why == null);
    }

    [Fact]
    public void ServerThatNamesNoneSaysNothing()
    {
        Booted(Running("1", 1, 5)).Watch.Hear(Told(null));
        _log.Lines.ShouldBeEmpty();
    }

    [Fact]
    public async Task NewestImageThatDidNotComeInIsInTheLogOfTheOneThatDid()
    {
        using var card = new CardInBoard();
        var (good, bad) = (SignedImage.Make("kernel one"), SignedImage.Make("kernel two", SignedImage.Manifest(4)));
        card.Server.Image = good;
        await card.PowerOn();
        card.Server.Image = bad;
        card.Bad.Add(bad.Sha256);
        await card.PowerOn();
        (await card.PowerOn()).ShouldBe(good.Sha256);
        new StageTwo(good.Sha256, new BootCache(new CuttingFolder(Path.GetDirectoryName(card.PathOf("x"))!), _log), TimeProvider.System, _log)
            .Begin(TestContext.Current.CancellationToken);
        _log.Lines.ShouldContain($"warning BootFiles: boot image {bad.Sha256[..16]}, epoch 4, was started 1 times and did not come in.");
    }

    private (FreezeWatch Watch, BootTimeline Timeline) Booted(RunningImage running)
    {
        var timeline = new BootTimeline(_time);
        timeline.Enter(BootStage.BootFiles);
        timeline.Enter(BootStage.Tunnel);
        return (new FreezeWatch(running, timeline, _time, _log), timeline);
    }

    private static RunningImage Running(string? digit, long epoch, long built) =>
        new() { Sha256 = digit is null ? null : new string(digit[0], 64), Epoch = epoch, Built = built };

    private static NewestImage Newest(string hash, long epoch) => new() { Sha256 = hash, Epoch = epoch, Built = 9, Published = 1_800_000_000 };

    private static SettingsDocument Told(NewestImage? image) => new()
    {
        Version = 1,
        Platform = "lab",
        NodeId = new string('0', 32),
        Counter = 1,
        SshEntrypoints = [],
        HostKeys = [],
        HttpEntrypoint = new HttpEntrypoint { Host = "boot.example.org", Port = 80, Path = "x" },
        BootMode = BootMode.Enforced,
        VpnMac = MacAddress.Parse("52:54:00:12:34:56"),
        BootImage = image,
        Certificate = "",
    };

    private sealed class ClockOfTheKernel : TimeProvider
    {
        public long Seconds { get; set; } = 20;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
