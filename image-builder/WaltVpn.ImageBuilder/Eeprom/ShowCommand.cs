using System.CommandLine;
using System.Text.Json;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary><c>waltvpn-image eeprom show</c>.</summary>
internal static class ShowCommand
{
    /// <summary>For the end of its help.</summary>
    public const string Examples = $"""
        Examples:
          waltvpn-image eeprom show pieeprom.bin
          waltvpn-image eeprom show pieeprom.bin -o json | jq .budget.free

        {EepromReportSchema.Text}
        """;

    public static Command Create()
    {
        var firmware = EepromCommand.Firmware();
        var format = EepromCommand.Format();
        Command command = new("show", "Shows sections, versions, configuration (without secrets) and what still fits.") { firmware, format };
        command.SetAction(arguments =>
        {
            var output = arguments.InvocationConfiguration.Output;
            var path = arguments.GetRequiredValue(firmware);
            var image = EepromInput.ReadImage(path);
            var report = EepromInput.Named(path, () => EepromReport.Of(path, image));
            if (arguments.GetValue(format) == EepromCommand.Json) output.WriteLine(JsonSerializer.Serialize(report, EepromJson.Default.EepromReport));
            else EepromReportText.Write(output, report);
            return ExitStatus.Done;
        });
        return command;
    }
}
