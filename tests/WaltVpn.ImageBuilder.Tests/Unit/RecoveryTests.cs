using System.Text;
using WaltVpn.Eeprom;
using WaltVpn.Eeprom.Tests;
using WaltVpn.ImageBuilder.Tests.Qemu;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Tests.Unit;

/// <summary>waltvpn-image recovery as an operator runs it, and its archive as tar unpacks it onto a card.</summary>
public sealed class RecoveryTests : IDisposable
{
    private static readonly byte[] _program = Encoding.ASCII.GetBytes(new string('r', 100_000));

    private readonly TemporaryFolder _folder = new();

    public RecoveryTests() => MakeFirmware("5", ("pieeprom-2025-02-12.bin", SyntheticImage.Pi5Single), ("pieeprom-2026-05-26.bin", SyntheticImage.Pi5TwoPartitions));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task TheCardHoldsTheNewestBootloaderWithAFreshConfiguration()
    {
        await DoneAsync("rpi-5-b", "5", "card.tar.gz");
        Directory.CreateDirectory(_folder["card"]);
        await HostProgram.CheckAsync("tar", ["-xzf", "card.tar.gz", "-C", "card"], _folder.Path);
        Directory.GetFiles(_folder["card"]).Select(Path.GetFileName).Order().ShouldBe(["pieeprom.bin", "pieeprom.sig", "recovery.bin"]);
        var bytes = await ReadAsync("card/pieeprom.bin");
        var image = EepromImage.Parse(bytes);
        image.Layout.ShouldBe(EepromLayout.TwoPartitions);
        Encoding.ASCII.GetString(image.Read(EepromFiles.BootConfig)).ShouldBe("[all]\nBOOT_UART=1\nBOOT_ORDER=0xf12\nDHCP_REQ_TIMEOUT=500\n");
        EepromImage.IsUnset(image.Read(EepromFiles.PublicKey)).ShouldBeTrue();
        var signature = BootSignature.Parse(await ReadAsync("card/pieeprom.sig"));
        signature.IsHashOf(bytes).ShouldBeTrue();
        image.ReadTimestamp().ShouldBe(DateTimeOffset.FromUnixTimeSeconds(signature.Time));
        (await ReadAsync("card/recovery.bin")).ShouldBe(_program);
    }

    [Fact]
    public async Task WithSettingsTheBoardHasWhatItJoinsWithAndShowHidesIt()
    {
        var sample = await SampleSettings.CreateAsync(_folder.Path);
        await File.WriteAllTextAsync(_folder["node.yaml"], sample.Yaml, TestContext.Current.CancellationToken);
        var (status, output, errors) = await RunAsync([], "rpi-5-b", "5", "card.tar.gz", "--settings", "node.yaml");
        status.ShouldBe(0, errors);
        await HostProgram.CheckAsync("tar", ["-xzf", "card.tar.gz"], _folder.Path);
        File.GetUnixFileMode(_folder["card.tar.gz"]).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var config = BootConfig.Parse(EepromImage.Parse(await ReadAsync("pieeprom.bin")).Read(EepromFiles.BootConfig));
        config.ToBytes().Length.ShouldBeLessThan(1500);
        var json = JoinToken.Unpack(config.Find(JoinToken.Name)!);
        sample.ShouldEqual(System.Text.Json.JsonSerializer.Deserialize(json, ProtocolJson.Default.NodeSettings)!);
        var (_, shown, _) = await HostProgram.RunAsync(ImageProgram.Path, ["eeprom", "show", "pieeprom.bin"], _folder.Path);
        shown.ShouldContain(JoinToken.Name);
        foreach (var text in (string[])[output, errors, shown]) text.ShouldNotContain(config.Find(JoinToken.Name)!);
    }

    [Fact]
    public async Task SettingsThatAreWrongLeaveNoFile()
    {
        await File.WriteAllTextAsync(_folder["node.yaml"], "platform: x\n", TestContext.Current.CancellationToken);
        var (status, _, errors) = await RunAsync([], "rpi-5-b", "5", "card.tar.gz", "--settings", "node.yaml");
        status.ShouldNotBe(0);
        errors.ShouldContain("enrollmentKey is missing");
        File.Exists(_folder["card.tar.gz"]).ShouldBeFalse();
    }

    [Fact]
    public async Task TheSameInputsGiveTheSameBytes()
    {
        Dictionary<string, string?> date = new() { ["SOURCE_DATE_EPOCH"] = "1800000000" };
        foreach (var name in (string[])["a.tar.gz", "b.tar.gz"]) (await RunAsync(date, "rpi-5-b", "5", name)).Status.ShouldBe(0);
        (await ReadAsync("a.tar.gz")).ShouldBe(await ReadAsync("b.tar.gz"));
    }

    [Theory]
    [InlineData("rpi-4-b", "5", "is for a Raspberry Pi 5, the card for a Raspberry Pi 4")]
    [InlineData("rpi-5-b", "none", "there is no folder none")]
    [InlineData("rpi-5-b", "empty", "there is no pieeprom-DATE.bin in empty")]
    [InlineData("rpi-5-b", "short", "short/recovery.bin has 3 bytes")]
    [InlineData("rpi-5-b", "half", "there is no file half/recovery.bin")]
    [InlineData("rpi-5-b", "damaged", "the image starts with zeros")]
    [InlineData("rpi-3-b", "5", "rpi-3-b")]
    public async Task AFailureLeavesNoFile(string board, string firmware, string reason)
    {
        Directory.CreateDirectory(_folder["empty"]);
        MakeFirmware("short", ("pieeprom-2026-05-26.bin", SyntheticImage.Pi5TwoPartitions));
        await File.WriteAllTextAsync(_folder["short/recovery.bin"], "abc", TestContext.Current.CancellationToken);
        MakeFirmware("half", ("pieeprom-2026-05-26.bin", SyntheticImage.Pi5TwoPartitions));
        File.Delete(_folder["half/recovery.bin"]);
        MakeFirmware("damaged");
        await File.WriteAllBytesAsync(_folder["damaged/pieeprom-2026-05-26.bin"], new byte[EepromImage.Bcm2712Size], TestContext.Current.CancellationToken);
        var (status, _, errors) = await RunAsync([], board, firmware, "card.tar.gz");
        status.ShouldNotBe(0);
        errors.ShouldContain(reason);
        Directory.GetFiles(_folder.Path).ShouldBeEmpty();
    }

    [Fact]
    public async Task APi4sCardHoldsAPi4sImage()
    {
        MakeFirmware("4", ("pieeprom-2026-05-17.bin", SyntheticImage.Pi4));
        await DoneAsync("rpi-4-b", "4", "card.tar.gz");
        await HostProgram.CheckAsync("tar", ["-xzf", "card.tar.gz"], _folder.Path);
        EepromImage.Parse(await ReadAsync("pieeprom.bin")).Family.ShouldBe(EepromFamily.Bcm2711);
        SignatureFile.Parse(Encoding.ASCII.GetString(await ReadAsync("pieeprom.sig"))).Chip.ShouldBeNull();
    }

    private void MakeFirmware(string folder, params IReadOnlyList<(string Name, string Layout)> images)
    {
        Directory.CreateDirectory(_folder[folder]);
        File.WriteAllBytes(Path.Combine(_folder[folder], "recovery.bin"), _program);
        foreach (var (name, layout) in images) File.WriteAllBytes(Path.Combine(_folder[folder], name), SyntheticImage.Create(layout));
    }

    private Task<byte[]> ReadAsync(string name) => File.ReadAllBytesAsync(_folder[name], TestContext.Current.CancellationToken);

    private async Task DoneAsync(string board, string firmware, string output)
    {
        var (status, _, errors) = await RunAsync([], board, firmware, output);
        status.ShouldBe(0, errors);
    }

    private Task<(int Status, string Output, string Errors)> RunAsync(
        Dictionary<string, string?> environment, string board, string firmware, string output, params string[] more) =>
        HostProgram.RunAsync(
            ImageProgram.Path, ["recovery", "--board", board, "--firmware", firmware, "--output", output, .. more], _folder.Path, environment: environment);
}
