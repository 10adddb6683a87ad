namespace WaltVpn.Agent.Flash;

/// <summary>The bootloader image could not be read or replaced. The message says what was tried, what the chip holds now, and what to do.</summary>
internal sealed class FlashException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>For the caller's decision: with <see cref="ChipContent.Neither"/> it tries again and does not restart the board.</summary>
    public ChipContent Chip { get; init; }
}
