using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Flash;

/// <summary>The chip itself, through flashrom. One caller at a time.</summary>
/// <remarks>
/// A chip holds one image, so a power cut while it is written can leave a board that does not start (docs/eeprom.md "Flashing" says what then). What
/// this does about it:
/// <list type="bullet">
/// <item>Everything that can be refused is refused before the first byte is erased.</item>
/// <item>Only a second process that reads the chip says what is in it. flashrom's own success is not believed: its <c>-w</c> can end with 0 and nothing
/// stored.</item>
/// <item>Up to five attempts. As long as the chip holds what it held, <c>stopping</c> ends them; from the first changed byte on nothing does, so a caller
/// that takes the machine down waits for the task.</item>
/// </list>
/// The image should carry a time, or the bootloader may replace it by an old update file it finds on a card or TFTP server: the caller set it with
/// <see cref="EepromImage.WithTimestamp"/>; here the bytes are written as they are.
/// </remarks>
internal sealed class FlashromStore(FlashromCommands flashrom, BootloaderRules rules, INodeLog log, TimeProvider time) : IBootloaderStore
{
    private const BootStage Stage = BootStage.Online;
    private const int Attempts = 5;
    // The smallest block that such chips erase.
    private const int SectorSize = 4096;
    private const string Urgent = "The chip holds neither the old bootloader nor the new one. Leave the board switched on: writing it will be tried again. "
        + "Once switched off it may start only with a recovery card (docs/eeprom.md \"Recovery card\").";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // The chip holds no whole image, or may not: what it holds "as before" is then nothing to rely on.
    private bool _unfinished;

    /// <inheritdoc/>
    public async Task<byte[]?> Read(CancellationToken stopping) => await flashrom.Read(await flashrom.Probe(rules.ImageSize, stopping), stopping);

    /// <inheritdoc/>
    public async Task<FlashOutcome> Write(byte[] image, CancellationToken stopping)
    {
        var admitted = rules.Admit(image);
        // Without a bootloader nothing is more urgent than one.
        if (_unfinished) stopping = CancellationToken.None;
        try
        {
            var chip = await flashrom.Probe(rules.ImageSize, stopping);
            var before = await flashrom.Read(chip, stopping);
            if (before.AsSpan().SequenceEqual(image))
            {
                _unfinished = false;
                log.Info(Stage, $"the chip {chip.Name} holds this bootloader image already, nothing is written");
                return FlashOutcome.Written;
            }

            Announce(chip, before, image);
            using var staged = flashrom.Stage(admitted);
            return await WriteUntilStored(chip, image, before, stopping);
        }
        catch (FlashException failure) when (_unfinished && failure.Chip == ChipContent.AsBefore)
        {
            throw new FlashException($"{failure.Message} {Urgent}", failure) { Chip = ChipContent.Neither };
        }
    }

    private async Task<FlashOutcome> WriteUntilStored(FlashChip chip, byte[] image, byte[] before, CancellationToken stopping)
    {
        var reason = "";
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            var interruptible = _unfinished ? CancellationToken.None : stopping;
            interruptible.ThrowIfCancellationRequested();
            if (attempt > 1) await Task.Delay(Pause * (attempt - 1), time, interruptible);
            // What happens from here until the chip was read again is not known to have left it whole.
            var wasUnfinished = _unfinished;
            _unfinished = true;
            var run = await flashrom.Write(chip, attempt);
            var now = await ReadBack(chip);
            if (now is not null && now.AsSpan().SequenceEqual(image))
            {
                _unfinished = false;
                log.Info(Stage, $"the bootloader in {chip.Name} is the new one, read back and equal (attempt {attempt})");
                return FlashOutcome.Written;
            }

            if (now is not null && now.AsSpan().SequenceEqual(before)) _unfinished = wasUnfinished;
            reason = $"flashrom ended with {run.Reason}; read back: {Describe(now, image, before)}";
            log.Warning(Stage, $"writing the bootloader, attempt {attempt} of {Attempts}: {reason}");
        }

        throw Failed(chip, reason);
    }

    /// <summary>The chip as a process of its own sees it; null when it cannot be read. Not interrupted: nobody else knows what the chip holds.</summary>
    private async Task<byte[]?> ReadBack(FlashChip chip)
    {
        try
        {
            return await flashrom.Read(chip, CancellationToken.None);
        }
        catch (FlashException unreadable)
        {
            log.Warning(Stage, unreadable.Message);
            return null;
        }
    }

    private void Announce(FlashChip chip, byte[] before, byte[] image)
    {
        if (!IsWhole(before))
        {
            _unfinished = true;
            log.Warning(Stage, $"the chip {chip.Name} holds no whole bootloader image, as after a write that was cut off; it gets the new one");
        }

        var sectors = $"{Differing(before, image)} of {image.Length / SectorSize} sectors";
        log.Info(Stage, $"writing the bootloader: {sectors} of {chip.Name} change. DO NOT SWITCH THE BOARD OFF");
    }

    private FlashException Failed(FlashChip chip, string reason)
    {
        var tried = $"the bootloader was not replaced, {Attempts} attempts: {reason}.";
        return _unfinished
            ? new FlashException($"{tried} {Urgent}") { Chip = ChipContent.Neither }
            : new FlashException(
                $"{tried} The chip {chip.Name} holds what it held before, so the board starts as before. "
                + "Is it write-protected (eeprom_write_protect, a jumper)?");
    }

    private static string Describe(byte[]? now, byte[] image, byte[] before) => now switch
    {
        null => "impossible",
        _ when now.AsSpan().SequenceEqual(before) => "the chip is as it was",
        _ => $"{Differing(now, image)} of {image.Length / SectorSize} sectors are not as they should be, "
            + $"the first at 0x{now.AsSpan().CommonPrefixLength(image):x}",
    };

    private static int Differing(byte[] one, byte[] other) =>
        one.Chunk(SectorSize).Zip(other.Chunk(SectorSize)).Count(pair => !pair.First.AsSpan().SequenceEqual(pair.Second));

    private static bool IsWhole(byte[] bytes)
    {
        try
        {
            EepromImage.Parse(bytes);
            return true;
        }
        catch (EepromException)
        {
            return false;
        }
    }
}
