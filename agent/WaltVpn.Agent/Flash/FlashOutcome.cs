namespace WaltVpn.Agent.Flash;

/// <summary>What became of a new bootloader image.</summary>
internal enum FlashOutcome
{
    /// <summary>In the chip, read back and equal.</summary>
    Written,

    /// <summary>Beside the boot files; the board's own recovery program writes it at the next start.</summary>
    AtNextStart,
}
