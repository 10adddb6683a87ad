using System.CommandLine;
using System.Globalization;
using WaltVpn.Eeprom;
using WaltVpn.ImageBuilder.HostTools;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary><c>waltvpn-image eeprom config</c>: its options and their defaults.</summary>
internal static class ConfigCommand
{
    /// <summary>For the end of its help.</summary>
    public const string Examples = """
        Examples:
          waltvpn-image eeprom config pieeprom.bin --config bootconf.txt --output new.bin
          waltvpn-image eeprom config pieeprom.bin --config bootconf.txt --pubkey public.pem --timestamp $(date +%s) --output new.bin
          waltvpn-image eeprom config new.bin --pubkey public.pem --output new.bin --force

        The same inputs give the same bytes as Raspberry Pi's rpi-eeprom-config. With a timestamp, no older update file on a card or a TFTP server
        takes the place of this image at the next boot.
        """;

    public static Command Create()
    {
        var firmware = EepromCommand.Firmware();
        Option<string?> config = new("--config") { HelpName = "FILE", Description = "the new bootconf.txt" };
        Option<string?> key = new("--pubkey")
        {
            HelpName = "FILE",
            Description = "RSA-2048 key, PEM, that boot.img must be signed with; the public half is taken",
        };
        Option<string?> signature = new("--signature") { HelpName = "FILE", Description = "the new bootconf.sig, for boards with secure boot" };
        Option<string?> certificate = new("--cacert")
        {
            HelpName = "FILE",
            Description = "certificate, DER, of the CA that HTTPS boot trusts (Raspberry Pi 5)",
        };
        Option<long?> time = new("--timestamp") { HelpName = "SECONDS", Description = "time of the change, seconds since 1970; default: none is written" };
        Option<string?> output = new("--output", "-o") { HelpName = "FILE", Description = "the image to make; default: the firmware's name with -config.bin" };
        Option<bool> force = new("--force") { Description = "write over an existing file" };
        Command command = new("config", "Makes an image with another configuration, key, signature or certificate.")
        {
            firmware, config, key, signature, certificate, time, output, force,
        };
        command.Validators.Add(result =>
        {
            if (new Option[] { config, key, signature, certificate, time }.All(option => result.GetResult(option) is null or { Implicit: true }))
            {
                result.AddError("nothing to change: one of --config, --pubkey, --signature, --cacert, --timestamp must be given");
            }
        });
        time.Validators.Add(result =>
        {
            if (result.Tokens is not [var token]) return;
            var whole = uint.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds);
            if (!whole || seconds == uint.MaxValue) result.AddError($"--timestamp {token.Value}: expected whole seconds since 1970, up to {uint.MaxValue - 1}");
        });
        command.SetAction(async (arguments, cancellation) =>
        {
            var path = arguments.GetRequiredValue(firmware);
            var target = arguments.GetValue(output) ?? DefaultOutput(path);
            using var file = await OutputFile.PrepareAsync(HostToolbox.Find(HostTool.Stat), target, arguments.GetValue(force), "new.bin", cancellation);
            var edit = new ImageEdit
            {
                Config = arguments.GetValue(config),
                PublicKey = arguments.GetValue(key),
                Signature = arguments.GetValue(signature),
                Certificate = arguments.GetValue(certificate),
                Time = arguments.GetValue(time) is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null,
            };
            var image = edit.Apply(path, EepromInput.ReadImage(path));
            foreach (var note in edit.Notes) await arguments.InvocationConfiguration.Error.WriteLineAsync($"waltvpn-image: note: {note}");
            await file.WriteAsync(image.Bytes, cancellation);
            await arguments.InvocationConfiguration.Output.WriteLineAsync(
                $"{target}: {image.Read(EepromFiles.BootConfig).Length} of {image.Capacity(EepromFiles.BootConfig)} bytes of configuration, "
                + (EepromReport.KeyHash(image) is { } hash ? $"key sha256 {hash}" : "no key"));
            return ExitStatus.Done;
        });
        return command;
    }

    private static string DefaultOutput(string firmware) =>
        (firmware.EndsWith(".bin", StringComparison.Ordinal) ? firmware[..^".bin".Length] : firmware) + "-config.bin";
}
