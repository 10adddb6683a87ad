using System.CommandLine;
using WaltVpn.ImageBuilder;
using WaltVpn.ImageBuilder.BootImage;
using WaltVpn.ImageBuilder.Eeprom;
using WaltVpn.ImageBuilder.Fetch;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Inspect;
using WaltVpn.ImageBuilder.Recovery;
using WaltVpn.ImageBuilder.SdImage;

const string Examples = """
    Examples:
      waltvpn-image fetch --board qemu-x64
      waltvpn-image sd --board qemu-x64 --settings node.yaml --output walt-vpn-node.img
      waltvpn-image boot-img --board rpi-5-b --key private.pem --output boot
      waltvpn-image guest-img --kernel vmlinuz --initramfs initrd.img --key private.pem --output guest
      waltvpn-image inspect walt-vpn-node.img
      waltvpn-image eeprom show pieeprom.bin
      waltvpn-image recovery --board rpi-5-b --firmware firmware-2712/default --output rpi-5-sd-recovery.tar.gz

    Exit status: 0 done; 1 failed; 2 wrong usage; 3 a recorded package version is gone from the archive; 130 stopped by Ctrl-C.
    """;

// Longer than any step needs to give up its tools and files.
var whenStopped = TimeSpan.FromSeconds(20);

var (fetch, sd, inspect, eeprom) = (FetchCommand.Create(), SdCommand.Create(), InspectCommand.Create(), EepromCommand.Create());
var (bootImage, guestImage, recovery) = (BootImageCommand.Create(), GuestImageCommand.Create(), RecoveryCommand.Create());
RootCommand root = new("Makes and shows the images that WaltVpn nodes boot.") { fetch, sd, bootImage, guestImage, inspect, eeprom.Group, recovery };
ExamplesInHelp.AddTo(root, new Dictionary<Command, string>(eeprom.Examples)
{
    [root] = Examples,
    [fetch] = FetchCommand.Examples,
    [sd] = SdCommand.Examples,
    [bootImage] = BootImageCommand.Examples,
    [guestImage] = GuestImageCommand.Examples,
    [inspect] = InspectCommand.Examples,
    [recovery] = RecoveryCommand.Examples,
});
var arguments = root.Parse(args);
if (arguments.Errors.Count > 0)
{
    foreach (var line in UsageError.Lines(arguments)) Console.Error.WriteLine(line);
    return ExitStatus.Usage;
}

try
{
    return await arguments.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = whenStopped });
}
catch (ImageException error)
{
    return Fail(error);
}
catch (IOException error) when (HostToolbox.IsDiskFull(error))
{
    return Fail(HostToolbox.DiskFull(error.Message));
}
catch (Exception error) when (error is IOException or UnauthorizedAccessException)
{
    return Fail(new ImageException(error.Message, error));
}
catch (OperationCanceledException)
{
    await Console.Error.WriteLineAsync("waltvpn-image: stopped; nothing was left behind");
    return ExitStatus.Interrupted;
}

static int Fail(ImageException error)
{
    Console.Error.WriteLine($"waltvpn-image: {error.Message}");
    foreach (var hint in error.Hints) Console.Error.WriteLine($"  {hint}");
    return error.ExitStatus;
}
