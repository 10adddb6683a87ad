using System.CommandLine;
using WaltVpn.Eeprom;
using WaltVpn.ImageBuilder.HostTools;
using WaltVpn.ImageBuilder.Settings;

namespace WaltVpn.ImageBuilder.Recovery;

/// <summary><c>waltvpn-image recovery</c>: its options and their defaults.</summary>
internal static class RecoveryCommand
{
    /// <summary>For the end of its help.</summary>
    public const string Examples = """
        Examples:
          waltvpn-image recovery --board rpi-5-b --firmware rpi-eeprom/firmware-2712/default --output rpi-5-sd-recovery.tar.gz
          tar -xzf rpi-5-sd-recovery.tar.gz --no-same-owner -C /media/card

        The folder is one of Raspberry Pi's repository rpi-eeprom: it has recovery.bin and images pieeprom-DATE.bin, of which the newest is taken.
        Unpack the archive onto a card formatted with FAT, power the board on with it, and wait for the green screen or the fast green LED (about ten
        seconds); a red screen means that nothing was written. The board then has no settings, keys or certificates left, and boots from the network
        first. With --settings it holds the settings to join with, and the archive is for your eyes only. One card does any number of boards.
        Not tried on a board yet; docs/eeprom.md "Recovery card" has each step and what can go wrong.
        The licence of these files lets you use them for your boards, not pass the archive on.
        """;

    private const string Pi4 = "rpi-4-b";
    private const string Pi5 = "rpi-5-b";

    public static Command Create()
    {
        Option<string> board = new("--board") { Required = true, HelpName = $"{Pi4}|{Pi5}", Description = "what the card is for" };
        board.AcceptOnlyFromAmong(Pi4, Pi5);
        Option<string> firmware = new("--firmware") { Required = true, HelpName = "FOLDER", Description = "has recovery.bin and pieeprom-DATE.bin" };
        Option<string> output = new("--output", "-o") { Required = true, HelpName = "FILE", Description = "the archive to make, .tar.gz" };
        Option<string?> settings = new("--settings")
        {
            HelpName = "FILE",
            Description = "also give the board what it joins with, enrolment key included: node.yaml of 'waltvpn setup-node'",
        };
        Option<bool> force = new("--force") { Description = "write over an existing file" };
        Command command = new("recovery", "Makes the files of a card that gives a board's EEPROM a fresh start. Needs no root.")
        {
            board, firmware, settings, output, force,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var family = arguments.GetRequiredValue(board) == Pi5 ? EepromFamily.Bcm2712 : EepromFamily.Bcm2711;
            var target = arguments.GetRequiredValue(output);
            using var made = await OutputFile.PrepareAsync(
                HostToolbox.Find(HostTool.Stat), target, arguments.GetValue(force), "rpi-5-sd-recovery.tar.gz", cancellation);
            var folder = FirmwareFolder.Read(arguments.GetRequiredValue(firmware), family);
            var time = SourceDate.Read() is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : DateTimeOffset.UtcNow;
            var archive = RecoveryArchive.Make(folder, arguments.GetValue(settings) is { } file ? SettingsFile.Read(file) : null, time);
            await made.WriteAsync(archive, cancellation);
            await arguments.InvocationConfiguration.Output.WriteLineAsync(
                $"{target}: {Path.GetFileName(folder.ImagePath)}, bootloader of {folder.Image.FindVersion().BuildTime:yyyy-MM-dd}, {archive.Length} bytes; "
                + $"onto a FAT card: tar -xzf {target} --no-same-owner -C CARD");
            return ExitStatus.Done;
        });
        return command;
    }
}
