using Shouldly;
using WaltVpn.Agent.Flash;
using WaltVpn.Linux;
using Xunit;

namespace WaltVpn.Agent.Tests.Unit.Flash;

/// <summary>Texts that flashrom 1.3 prints, shortened.</summary>
public sealed class FlashChipTests
{
    private const string Winbond = "Found Winbond flash chip \"W25Q16.V\" (2048 kB, SPI)";

    [Theory]
    [InlineData($"Probing for Winbond W25Q16.V, 2048 kB:\n{Winbond} on linux_spi.\n===\n{Winbond}.\nNo operations were specified.\n", "W25Q16.V")]
    [InlineData("Found Macronix flash chip \"MX25L1605A/MX25L1606E/MX25L1608E\" (2048 kB, SPI) on linux_spi.\n", "MX25L1605A/MX25L1606E/MX25L1608E")]
    public void OneKnownChipIsFound(string text, string name) => FlashChip.Find(Ended(0, text)).ShouldBe(new FlashChip(name, 2 * 1024 * 1024));

    [Theory]
    [InlineData(0, "Found Unknown flash chip \"SFDP-capable chip\" (2048 kB, SPI) on linux_spi.\n", "half erased")]
    [InlineData(0, $"{Winbond} on linux_spi.\nFound Unknown flash chip \"SFDP-capable chip\" (2048 kB, SPI) on linux_spi.\n", "half erased")]
    [InlineData(1, "No EEPROM/flash device found.\nNote: flashrom can never write if it isn't found.\n", "No EEPROM/flash device found")]
    [InlineData(0, "", "finds no chip: exit status 0")]
    [InlineData(1, $"{Winbond} on linux_spi.\nFound Winbond flash chip \"W25Q16JV_M\" (2048 kB, SPI) on linux_spi.\n", "several chips, W25Q16.V, W25Q16JV_M")]
    [InlineData(1, $"{Winbond} on linux_spi.\nError: flash chip is busy\n", "exit status 1, \"Error: flash chip is busy\"")]
    public void AnythingElseIsRefused(int status, string text, string reason) =>
        Should.Throw<FlashException>(() => FlashChip.Find(Ended(status, text))).Message.ShouldContain(reason);

    private static FlashromRun Ended(int status, string text) => new(new ExitStatus(status, 0), text);
}
