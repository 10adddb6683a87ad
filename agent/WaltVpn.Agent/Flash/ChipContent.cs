namespace WaltVpn.Agent.Flash;

/// <summary>What is in the bootloader's chip after a write that did not succeed.</summary>
internal enum ChipContent
{
    /// <summary>What was there before, byte for byte: nothing was written, or nothing was stored. The board starts as it did.</summary>
    AsBefore,

    /// <summary>
    /// Neither the old image nor the new one, or the chip cannot be read to tell. The board may not start again: keep it on, and call Write again.
    /// </summary>
    Neither,
}
