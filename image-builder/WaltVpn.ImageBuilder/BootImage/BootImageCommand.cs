using System.CommandLine;
using WaltVpn.ImageBuilder.BootFiles;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary><c>waltvpn-image boot-img</c>: its options and their defaults.</summary>
internal static class BootImageCommand
{
    /// <summary>For the end of its help.</summary>
    public const string Examples = """
        Examples:
          waltvpn-image boot-img --board rpi-5-b --key private.pem --output boot
          waltvpn boot publish --board rpi-5-b boot/boot.img

        boot.img holds no settings and no secret; boards load it in clear text and check boot.sig with the public key in their EEPROM. The second command
        signs by itself, and needs the image only: leave --key away then. The same inputs give the same boot.img; the time in boot.sig is now, or
        SOURCE_DATE_EPOCH. To check a pair by hand:
          sed -n 's/^rsa2048: //p' boot/boot.sig | xxd -r -p >sig.bin && openssl dgst -sha256 -verify public.pem -signature sig.bin boot/boot.img
        """;

    public static Command Create()
    {
        Option<string?> key = new("--key") { HelpName = "FILE", Description = "RSA-2048 private key, PEM: sign with it" };
        Option<string> output = new("--output", "-o") { Required = true, HelpName = "FOLDER", Description = "gets boot.img and boot.sig; made when missing" };
        Option<bool> force = new("--force") { Description = "write over existing files" };
        Option<long> epoch = new("--epoch")
        {
            HelpName = "NUMBER",
            Description = "nodes that came in with it start no image with a lower number any more; default: 0",
        };
        epoch.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<long>() is < 0 or > BootManifest.MaxEpoch) result.AddError($"--epoch takes 0 to {BootManifest.MaxEpoch}");
        });
        BuildOptions inputs = new("boot.lock in the output's folder");
        Command command = new(
            "boot-img", "Makes what boards start over HTTP, a Raspberry Pi 4 or 5 by its firmware, any board by its card. Needs no root.");
        inputs.AddTo(command);
        foreach (var option in (Option[])[key, epoch, output, force]) command.Options.Add(option);
        command.SetAction(async (arguments, cancellation) =>
        {
            var folder = arguments.GetRequiredValue(output);
            var request = new BootImageRequest
            {
                Inputs = inputs.Read(arguments, Path.Combine(folder, "boot.lock")),
                Key = arguments.GetValue(key),
                Epoch = arguments.GetValue(epoch),
                Folder = folder,
                Force = arguments.GetValue(force),
            };
            await BootImageBuild.RunAsync(request, new Progress(arguments.InvocationConfiguration.Output), cancellation);
            return ExitStatus.Done;
        });
        return command;
    }
}
