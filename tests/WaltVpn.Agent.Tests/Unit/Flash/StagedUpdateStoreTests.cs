using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Eeprom;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Flash;

public sealed class StagedUpdateStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-staged-").FullName;
    private readonly RecordingLog _log = new();
    private readonly byte[] _image = BoardImages.Pi5("new.example.org", BoardImages.Later);
    private readonly byte[] _recovery = [.. Enumerable.Range(0, 90_000).Select(i => (byte)(i * 7))];

    public StagedUpdateStoreTests()
    {
        Directory.CreateDirectory(Card);
        File.WriteAllBytes(Path.Combine(_folder, "recovery-2712.bin"), _recovery);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ImageHashAndRecoveryProgramAreThere()
    {
        (await Store().Write(_image, Stop)).ShouldBe(FlashOutcome.AtNextStart);
        Names().ShouldBe(["pieeprom.sig", "pieeprom.upd", "recovery.bin"]);
        File.ReadAllBytes(OnCard("pieeprom.upd")).ShouldBe(_image);
        File.ReadAllBytes(OnCard("recovery.bin")).ShouldBe(_recovery);
        var text = File.ReadAllText(OnCard("pieeprom.sig"));
        text.Split('\n')[1..].ShouldBe([$"ts: {BoardImages.Later.ToUnixTimeSeconds()}", ""]);
        BootSignature.Parse(System.Text.Encoding.ASCII.GetBytes(text)).IsHashOf(_image).ShouldBeTrue();
        (await Store().Read(Stop)).ShouldBeNull();
    }

    [Fact]
    public async Task TheSameImageAgainChangesNothing()
    {
        await Store().Write(_image, Stop);
        var long_ago = new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        foreach (var name in Names()) File.SetLastWriteTimeUtc(OnCard(name), long_ago);
        (await Store().Write(_image, Stop)).ShouldBe(FlashOutcome.AtNextStart);
        Names().ShouldAllBe(name => File.GetLastWriteTimeUtc(OnCard(name)) == long_ago);
        _log.Lines[^1].ShouldContain("waits in");
    }

    [Fact]
    public async Task WhatEarlierUpdatesLeftGoesAndOtherFilesStay()
    {
        string[] stale = ["RECOVERY.000", "recovery.bin", "pieeprom.bin", "PIEEPROM.UPD", "pieeprom.sig", "vl805.bin", "vl805.sig", "newimage.tmp"];
        foreach (var name in (string[])[.. stale, "config.txt", "walt-vpn.json"]) File.WriteAllText(OnCard(name), name);
        await Store().Write(_image, Stop);
        Names().ShouldBe(["config.txt", "pieeprom.sig", "pieeprom.upd", "recovery.bin", "walt-vpn.json"]);
        File.ReadAllText(OnCard("config.txt")).ShouldBe("config.txt");
    }

    [Fact]
    public async Task AnImageThatTheBoardMayNotGetLeavesTheCardAlone()
    {
        var withoutTime = EepromImage.Parse(Eeprom.Tests.SyntheticImage.Create(Eeprom.Tests.SyntheticImage.Pi5TwoPartitions)).Bytes.ToArray();
        foreach (var wrong in (byte[][])[BoardImages.Pi4("x", BoardImages.Later), _image[1..], withoutTime])
        {
            await Should.ThrowAsync<FlashException>(() => Store().Write(wrong, Stop));
            Names().ShouldBeEmpty();
        }
    }

    [Theory]
    [InlineData("/dev/sda1", "recovery-2712.bin", "SD card")]
    [InlineData("/dev/mmcblk0p1", "absent.bin", "absent.bin")]
    public async Task AMediumTheBoardWouldNotTakeItFromIsRefused(string device, string recovery, string reason)
    {
        var store = new StagedUpdateStore(new BootMedium(Card, device, Path.Combine(_folder, recovery)), new BootloaderRules(EepromFamily.Bcm2712), _log);
        (await Should.ThrowAsync<FlashException>(() => store.Write(_image, Stop))).Message.ShouldContain(reason);
        Names().ShouldBeEmpty();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Card => Path.Combine(_folder, "card");

    private string OnCard(string name) => Path.Combine(Card, name);

    private string[] Names() => [.. Directory.EnumerateFiles(Card).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private StagedUpdateStore Store() => new(
        new BootMedium(Card, "/dev/mmcblk0p1", Path.Combine(_folder, "recovery-2712.bin")), new BootloaderRules(EepromFamily.Bcm2712), _log);
}
