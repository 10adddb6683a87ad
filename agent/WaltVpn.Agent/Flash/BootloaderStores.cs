namespace WaltVpn.Agent.Flash;

/// <summary>Chooses the way a new bootloader takes on this board.</summary>
internal static class BootloaderStores
{
    /// <summary>The chip, if Linux reaches it and flashrom knows it; else the boot partition, if the board would take an update from there.</summary>
    /// <param name="rules">What the board may get.</param>
    /// <param name="flashrom">The way to the chip.</param>
    /// <param name="medium">The boot partition; null: not mounted, or no SD card.</param>
    /// <param name="log">For the stores, and for why it is the second way.</param>
    /// <param name="stopping">Ends the search.</param>
    /// <exception cref="FlashException">Neither way is open, or the board is locked; the message has a reason for each.</exception>
    public static async Task<IBootloaderStore> For(
        BootloaderRules rules, FlashromCommands flashrom, BootMedium? medium, INodeLog log, CancellationToken stopping)
    {
        rules.RefuseLocked();
        string closed;
        if (flashrom.DeviceExists)
        {
            try
            {
                await flashrom.Probe(rules.ImageSize, stopping);
                return new FlashromStore(flashrom, rules, log, TimeProvider.System);
            }
            catch (FlashException unusable)
            {
                closed = unusable.Message;
            }
        }
        else
        {
            closed = $"there is no {flashrom.Device}: the device tree names no SPI chip, or the driver spi-bcm2835 is not loaded.";
        }

        if (medium is { Obstacle: null })
        {
            log.Info(BootStage.Online, $"{closed} The board's recovery program will write new bootloaders instead, at a restart");
            return new StagedUpdateStore(medium, rules, log);
        }

        throw new FlashException(
            $"this board's bootloader cannot be replaced from here. Through the chip: {closed} "
            + $"Through the boot partition: {medium?.Obstacle ?? "it is not mounted"}. "
            + "Update it by hand with a recovery card (docs/eeprom.md \"Recovery card\").");
    }
}
