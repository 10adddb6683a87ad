using System.CommandLine;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary><c>waltvpn-image eeprom</c>: its commands, each in its file.</summary>
internal static class EepromCommand
{
    private const string GroupExamples = """
        Examples:
          waltvpn-image eeprom show pieeprom.bin
          waltvpn-image eeprom extract pieeprom.bin --output bootconf.txt
          waltvpn-image eeprom config pieeprom.bin --config bootconf.txt --pubkey public.pem --output new.bin
          waltvpn-image eeprom verify new.bin

        An image is a file pieeprom-DATE.bin of Raspberry Pi's rpi-eeprom, or what was read from a board. None is changed in its place, and no board
        is touched: docs/eeprom.md says what is in an image.
        """;

    /// <summary>The group, and the examples of it and of each of its commands.</summary>
    public static (Command Group, Dictionary<Command, string> Examples) Create()
    {
        var (show, config, extract, verify) = (ShowCommand.Create(), ConfigCommand.Create(), ExtractCommand.Create(), VerifyCommand.Create());
        Command group = new("eeprom", "Shows, configures and checks the bootloader image of a Raspberry Pi 4 or 5. Needs no root.")
        {
            show, config, extract, verify,
        };
        return (group, new Dictionary<Command, string>
        {
            [group] = GroupExamples,
            [show] = ShowCommand.Examples,
            [config] = ConfigCommand.Examples,
            [extract] = ExtractCommand.Examples,
            [verify] = VerifyCommand.Examples,
        });
    }

    /// <summary>The image a command reads.</summary>
    public static Argument<string> Firmware() => new("firmware") { Description = "the bootloader image, 512 KiB (Raspberry Pi 4) or 2 MiB (5)" };

    /// <summary>The form of printed data.</summary>
    public static Option<string> Format()
    {
        Option<string> format = new("--output", "-o")
        {
            HelpName = "text|json",
            Description = "how to print it; default: text",
            DefaultValueFactory = _ => Text,
        };
        format.AcceptOnlyFromAmong(Text, Json);
        return format;
    }

    public const string Json = "json";
    private const string Text = "text";
}
