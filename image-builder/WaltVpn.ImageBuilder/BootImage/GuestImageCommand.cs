using System.CommandLine;
using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary><c>waltvpn-image guest-img</c>: its options and their defaults.</summary>
internal static class GuestImageCommand
{
    /// <summary>For the end of its help.</summary>
    public const string Examples = """
        Examples:
          waltvpn-image guest-img --kernel vmlinuz --initramfs initrd.img --append "root=/dev/nfs ip=dhcp console=ttyS0" --key private.pem --output guest
          cp guest/boot.img guest/boot.sig /srv/www/guest/        on a web server in the platform's network
          dnsmasq: dhcp-boot=http://10.77.0.1/guest/boot.img      so that nodes in mode vm find it

        The key is the platform's boot key, whose public half is in the nodes' settings (bootKey). An x64 guest's console is ttyS0, an arm64 guest's ttyAMA0.
        """;

    public static Command Create()
    {
        Option<string> kind = new("--kind") { HelpName = "KIND", Description = "guest-x64 or guest-arm64", DefaultValueFactory = _ => "guest-x64" };
        kind.AcceptOnlyFromAmong("guest-x64", "guest-arm64");
        Option<string> kernel = new("--kernel") { Required = true, HelpName = "FILE", Description = "the guest's kernel" };
        Option<string> initramfs = new("--initramfs") { Required = true, HelpName = "FILE", Description = "the guest's initramfs" };
        Option<string> append = new("--append") { HelpName = "LINE", Description = "the kernel's command line", DefaultValueFactory = _ => "" };
        Option<string> key = new("--key") { Required = true, HelpName = "FILE", Description = "RSA-2048 private key, PEM: sign with it" };
        Option<string> output = new("--output", "-o") { Required = true, HelpName = "FOLDER", Description = "gets boot.img and boot.sig; made when missing" };
        Option<bool> force = new("--force") { Description = "write over existing files" };
        Option<long> epoch = new("--epoch")
        {
            HelpName = "NUMBER",
            Description = "nodes whose guest lasted with it start none with a lower number any more; default: 0",
        };
        epoch.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<long>() is < 0 or > BootManifest.MaxEpoch) result.AddError($"--epoch takes 0 to {BootManifest.MaxEpoch}");
        });
        Command command = new("guest-img", "Makes and signs what nodes in mode vm run in their virtual machine. Needs no root.")
        {
            kind, kernel, initramfs, append, key, epoch, output, force,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var request = new GuestImageRequest
            {
                Kind = arguments.GetRequiredValue(kind),
                Kernel = arguments.GetRequiredValue(kernel),
                Initramfs = arguments.GetRequiredValue(initramfs),
                CommandLine = arguments.GetRequiredValue(append),
                Key = arguments.GetRequiredValue(key),
                Epoch = arguments.GetValue(epoch),
                Folder = arguments.GetRequiredValue(output),
                Force = arguments.GetValue(force),
            };
            await GuestImageBuild.RunAsync(request, new Progress(arguments.InvocationConfiguration.Output), cancellation);
            return ExitStatus.Done;
        });
        return command;
    }
}
