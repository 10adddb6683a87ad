using System.CommandLine;
using WaltVpn.Eeprom;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary><c>waltvpn-image eeprom extract</c>.</summary>
internal static class ExtractCommand
{
    /// <summary>Stands for the standard output.</summary>
    private const string StandardOutput = "-";

    /// <summary>For the end of its help.</summary>
    public const string Examples = """
        Examples:
          waltvpn-image eeprom extract pieeprom.bin --output bootconf.txt
          waltvpn-image eeprom extract pieeprom.bin --file pubkey.bin --output pubkey.bin

        The file comes out as it is, with the secrets in it; only its owner may read it.
        """;

    public static Command Create()
    {
        var firmware = EepromCommand.Firmware();
        Option<string> name = new("--file")
        {
            HelpName = "NAME",
            Description = $"the file in it, like {string.Join(", ", EepromFiles.Replaceable)}; default: {EepromFiles.BootConfig}",
            DefaultValueFactory = _ => EepromFiles.BootConfig,
        };
        Option<string> output = new("--output", "-o")
        {
            HelpName = "FILE",
            Description = "where to write it; default: the standard output",
            DefaultValueFactory = _ => StandardOutput,
        };
        Option<bool> force = new("--force") { Description = "write over an existing file" };
        Command command = new("extract", "Takes a file out of an image.") { firmware, name, output, force };
        command.SetAction(async (arguments, cancellation) =>
        {
            var path = arguments.GetRequiredValue(firmware);
            var content = Read(EepromInput.ReadImage(path), path, arguments.GetRequiredValue(name));
            var target = arguments.GetRequiredValue(output);
            if (target == StandardOutput)
            {
                await using var stream = Console.OpenStandardOutput();
                await stream.WriteAsync(content, cancellation);
                return ExitStatus.Done;
            }

            using var file = await OutputFile.PrepareAsync(
                HostToolbox.Find(HostTool.Stat), target, arguments.GetValue(force), arguments.GetRequiredValue(name), cancellation);
            await file.WriteAsync(content, cancellation);
            return ExitStatus.Done;
        });
        return command;
    }

    private static byte[] Read(EepromImage image, string path, string name)
    {
        if (image.Find(name) is null)
        {
            var names = image.Sections.Where(section => section.Kind == EepromSectionKind.File).Select(section => section.Name).Distinct();
            throw new ImageException($"{path} has no file {name}", $"it has: {string.Join(", ", names)}");
        }

        return image.Read(name).ToArray();
    }
}
