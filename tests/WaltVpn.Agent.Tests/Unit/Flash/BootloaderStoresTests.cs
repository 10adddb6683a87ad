using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Eeprom;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Flash;

public sealed class BootloaderStoresTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("waltvpn-stores-").FullName;
    private readonly RecordingLog _log = new();
    private readonly BootMedium _medium;
    private readonly NorFlash _chip = new(BoardImages.Pi5("old.example.org", BoardImages.Earlier));

    public BootloaderStoresTests()
    {
        var recovery = Path.Combine(_folder, "recovery-2712.bin");
        File.WriteAllBytes(recovery, [1, 2, 3]);
        _medium = new BootMedium(_folder, "/dev/mmcblk0p1", recovery);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task AChipThatFlashromKnowsIsTaken()
    {
        var device = Path.Combine(_folder, "spidev10.0");
        File.WriteAllBytes(device, []);
        (await For(Rules, device, _medium)).ShouldBeOfType<FlashromStore>();
        _log.Lines.ShouldBeEmpty();
    }

    [Fact]
    public async Task WithoutDeviceTheBoardsRecoveryProgramIsTaken()
    {
        (await For(Rules, Path.Combine(_folder, "spidev10.0"), _medium)).ShouldBeOfType<StagedUpdateStore>();
        _log.Lines.ShouldHaveSingleItem().ShouldContain("spidev10.0");
    }

    [Fact]
    public async Task AChipThatFlashromCannotUseIsUpdatedByTheRecoveryProgram() =>
        // The wrong size stands for any refusal of the probe.
        (await For(Rules with { Family = EepromFamily.Bcm2711 }, null, _medium)).ShouldBeOfType<StagedUpdateStore>();

    [Fact]
    public async Task WithoutAnyWayBothReasonsAreSaid()
    {
        foreach (var (medium, reason) in new (BootMedium?, string)[]
                 {
                     (null, "not mounted"),
                     (_medium with { Device = "/dev/sda1" }, "/dev/sda1"),
                     (_medium with { Directory = Path.Combine(_folder, "nowhere") }, "not mounted at"),
                     (_medium with { RecoveryProgram = Path.Combine(_folder, "none.bin") }, "none.bin"),
                 })
        {
            var failure = await Should.ThrowAsync<FlashException>(() => For(Rules, Path.Combine(_folder, "spidev10.0"), medium));
            failure.Message.ShouldContain("spidev10.0");
            failure.Message.ShouldContain(reason);
        }
    }

    [Fact]
    public async Task ALockedBoardIsRefusedWhateverWayIsOpen() =>
        (await Should.ThrowAsync<FlashException>(() => For(Rules with { Locked = true }, null, _medium))).Message.ShouldContain("locked");

    private static BootloaderRules Rules => new(EepromFamily.Bcm2712);

    private Task<IBootloaderStore> For(BootloaderRules rules, string? device, BootMedium? medium) => BootloaderStores.For(
        rules, new FlashromCommands(new FlashromModel(_chip), new FlashProgrammer("fast", "slow", device), _folder), medium, _log,
        TestContext.Current.CancellationToken);
}
