using System.CommandLine;
using WaltVpn.ImageBuilder.BootFiles;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary><c>waltvpn-image sd</c>: its options and their defaults.</summary>
internal static class SdCommand
{
    /// <summary>For the end of its help.</summary>
    public const string Examples = """
        Examples:
          waltvpn-image sd --board qemu-x64 --settings node.yaml --output walt-vpn-node.img
          waltvpn-image sd --board qemu-x64 --settings node.yaml --output walt-vpn-node.img --locked --force
          waltvpn-image sd --board rpi-3-b-plus --settings node.yaml --output card.img && sudo dd if=card.img of=/dev/sdX bs=4M conv=fsync
          waltvpn-image sd --board rpi-4-b --settings node.yaml --output card.img --compress zstd && sha256sum -c card.img.zst.sha256
          zstd -dc card.img.zst | sudo dd of=/dev/sdX bs=4M conv=fsync
          qemu-system-x86_64 -m 512 -nographic -drive file=walt-vpn-node.img,format=raw

        Beside the image, walt-vpn-node.lock records the packages; --locked takes exactly these again, without network once they were downloaded.
        The same inputs give the same bytes. All dates in the image are SOURCE_DATE_EPOCH when it is set, else the newest date in the packages.
        """;

    public static Command Create()
    {
        Option<string> settings = new("--settings")
        {
            Required = true,
            HelpName = "FILE",
            Description = "what 'waltvpn setup-node' wrote, or the walt-vpn.json of a card",
        };
        Option<string> output = new("--output", "-o") { Required = true, HelpName = "FILE", Description = "the image to make" };
        Option<bool> force = new("--force") { Description = "write over an existing image" };
        Option<int?> size = new("--size")
        {
            HelpName = "MIB",
            Description = "a power of two; what is more than the board's own goes to the state partition; default: 512",
        };
        size.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is { } mebibytes && !(mebibytes is >= 512 and <= 65_536 && int.IsPow2(mebibytes)))
                result.AddError("--size takes 512, 1024, 2048 … 65536 (MiB): QEMU takes no other SD card");
        });
        var ways = string.Join(" or ", ImageCompression.All.Select(way => way.Name));
        Option<string?> compress = new("--compress") { HelpName = "WAY", Description = $"{ways}: the file gets its ending; for its way to who writes it" };
        compress.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } name && ImageCompression.All.All(way => way.Name != name))
                result.AddError($"--compress takes {ways}");
        });
        BuildOptions inputs = new("the output's name with .lock in place of .img");
        Command command = new("sd", "Makes a bootable SD image from Debian packages and the agent. Needs no root.");
        inputs.AddTo(command);
        foreach (var option in (Option[])[settings, output, size, compress, force]) command.Options.Add(option);
        command.SetAction(async (arguments, cancellation) =>
        {
            var image = arguments.GetRequiredValue(output);
            var compression = ImageCompression.All.FirstOrDefault(way => way.Name == arguments.GetValue(compress));
            var request = new SdImageRequest
            {
                Inputs = inputs.Read(arguments, DefaultLock(image)),
                Settings = arguments.GetRequiredValue(settings),
                Output = compression?.FileName(image) ?? image,
                Mebibytes = arguments.GetValue(size),
                Compression = compression,
                Force = arguments.GetValue(force),
            };
            await SdImageBuild.RunAsync(request, new Progress(arguments.InvocationConfiguration.Output), cancellation);
            return ExitStatus.Done;
        });
        return command;
    }

    private static string DefaultLock(string image) => (image.EndsWith(".img", StringComparison.Ordinal) ? image[..^".img".Length] : image) + ".lock";
}
