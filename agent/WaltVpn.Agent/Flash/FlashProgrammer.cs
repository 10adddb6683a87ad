using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Flash;

/// <summary>How flashrom reaches the chip: its <c>-p</c>.</summary>
/// <param name="Fast">For the first attempt.</param>
/// <param name="Slow">For every later one: half the clock, in case the wiring was why the first one failed.</param>
/// <param name="Device">The device node it needs; null when it needs none.</param>
/// <param name="Chip">Name of the chip's definition, flashrom's <c>-c</c>, for a chip that several fit; null: flashrom recognises it alone.</param>
internal sealed record FlashProgrammer(string Fast, string Slow, string? Device = null, string? Chip = null)
{
    /// <summary>The chip of a Raspberry Pi. Speeds in kHz, as Raspberry Pi's own updater uses them.</summary>
    public static FlashProgrammer Of(EepromFamily family)
    {
        // Raspberry Pi 5: a bus of its own. Raspberry Pi 4: shares its pins with analogue audio, so the device is there only when the tree asks for it.
        var device = family == EepromFamily.Bcm2712 ? "/dev/spidev10.0" : "/dev/spidev0.0";
        return new FlashProgrammer($"linux_spi:dev={device},spispeed=16000", $"linux_spi:dev={device},spispeed=8000", device);
    }
}
