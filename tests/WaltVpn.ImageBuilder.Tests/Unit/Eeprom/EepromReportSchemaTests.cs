using System.Text.Json;
using System.Text.RegularExpressions;
using WaltVpn.ImageBuilder.Eeprom;

namespace WaltVpn.ImageBuilder.Tests.Unit.Eeprom;

public sealed class EepromReportSchemaTests
{
    private static readonly EepromReport _report = new()
    {
        Firmware = "x.bin",
        Bytes = 1,
        Sha256 = "x",
        Chip = "BCM2711",
        Partitions = 1,
        BuildTime = DateTimeOffset.UnixEpoch,
        Version = "00000000",
        ManufacturingVersion = 1,
        UpdateTime = DateTimeOffset.UnixEpoch,
        Sections = [new SectionReport(0, "bootcode", "", 1)],
        Files = [new EepromFileReport("x", 1, 1)],
        PublicKeySha256 = "x",
        Config = ["x"],
        Problems = ["x"],
        Budget = new BudgetReport(1, 1, 1, 1, [new CostReport("x", 1)]),
    };

    [Fact]
    public void TheHelpNamesEveryMemberOfTheJsonWithItsTypeAndNoOther()
    {
        using var json = JsonDocument.Parse(JsonSerializer.Serialize(_report, EepromJson.Default.EepromReport));
        var documented = Regex.Matches(EepromReportSchema.Text, @"^  (\S+) +(string|number) ", RegexOptions.Multiline)
            .Select(line => $"{line.Groups[1]} {line.Groups[2]}");
        documented.ShouldBe(ReportSchemaTests.Members("", json.RootElement));
    }
}
