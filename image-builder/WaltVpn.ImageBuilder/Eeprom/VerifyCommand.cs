using System.CommandLine;
using System.Text.Json;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary><c>waltvpn-image eeprom verify</c>.</summary>
internal static class VerifyCommand
{
    /// <summary>For the end of its help.</summary>
    public const string Examples = """
        Examples:
          waltvpn-image eeprom verify new.bin
          waltvpn-image eeprom verify new.bin -o json | jq -r '.findings[] | select(.level == "error").text'

        Members of the JSON: firmware; ok, false when a finding is an error; findings[] with level (ok, note, error), about, text.
        Exit status 0 when no finding is an error, else 1.
        """;

    public static Command Create()
    {
        var firmware = EepromCommand.Firmware();
        var format = EepromCommand.Format();
        Command command = new("verify", "Checks an image: sections, configuration, key, and the signature against the key.") { firmware, format };
        command.SetAction(arguments =>
        {
            var output = arguments.InvocationConfiguration.Output;
            var path = arguments.GetRequiredValue(firmware);
            var report = VerifyReport.Of(path, EepromInput.ReadImage(path));
            if (arguments.GetValue(format) == EepromCommand.Json) output.WriteLine(JsonSerializer.Serialize(report, EepromJson.Default.VerifyReport));
            else foreach (var finding in report.Findings) output.WriteLine($"{finding.Level,-6} {finding.About,-13} {finding.Text}");
            return report.Ok ? ExitStatus.Done : ExitStatus.Failed;
        });
        return command;
    }
}
