namespace WaltVpn.Agent.Flash;

/// <summary>The bootloader image could not be read or replaced. The message says what was tried, what the chip holds now, and what to do.</summary>
internal sealed class FlashException(string message, Exception? cause = null) : Exception(message, cause);
