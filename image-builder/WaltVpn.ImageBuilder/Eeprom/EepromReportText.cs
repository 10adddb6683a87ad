using System.Globalization;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary>The report for a person.</summary>
internal static class EepromReportText
{
    public static void Write(TextWriter output, EepromReport report)
    {
        output.WriteLine($"image      {report.Firmware}, {report.Bytes} bytes");
        output.WriteLine($"sha256     {report.Sha256}");
        var board = report.Chip == "BCM2711" ? "Raspberry Pi 4" : "Raspberry Pi 5";
        output.WriteLine($"chip       {report.Chip} ({board}), {(report.Partitions == 1 ? "one partition" : "two partitions")}");
        output.WriteLine($"built      {Time(report.BuildTime)}, version {report.Version ?? "unknown"}, manufacturing version {report.ManufacturingVersion}");
        output.WriteLine($"configured {(report.UpdateTime is null ? "without a time" : Time(report.UpdateTime))}");
        output.WriteLine();
        output.WriteLine("sections   offset      bytes  kind      name");
        foreach (var section in report.Sections)
        {
            var offset = string.Create(CultureInfo.InvariantCulture, $"0x{section.Offset:x6}");
            output.WriteLine($"  {offset,17}  {section.Bytes,7}  {section.Kind,-8}  {section.Name}".TrimEnd());
        }

        output.WriteLine();
        output.WriteLine("files");
        foreach (var file in report.Files) output.WriteLine($"  {file.Name,-14} {(file.Bytes == 0 ? "empty" : $"{file.Bytes} bytes")}, {file.Capacity} fit");
        output.WriteLine($"  key            {(report.PublicKeySha256 is { } hash ? $"sha256 {hash}" : "none: the vendor's")}");
        output.WriteLine();
        output.WriteLine("configuration");
        foreach (var line in report.Config) output.WriteLine($"  {line}".TrimEnd());
        foreach (var problem in report.Problems) output.WriteLine($"  ! {problem}");
        output.WriteLine();
        output.WriteLine($"budget     {report.Budget.Used} of {report.Budget.Capacity} bytes used, {report.Budget.Free} free");
        foreach (var cost in report.Budget.Variables) output.WriteLine($"  {cost.Bytes,7}  {cost.Name}");
        if (report.Budget.Other > 0) output.WriteLine($"  {report.Budget.Other,7}  sections, comments and the like");
    }

    private static string Time(DateTimeOffset? time) =>
        time is null ? "at an unknown time" : string.Create(CultureInfo.InvariantCulture, $"{time.Value.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
}
