namespace WaltVpn.Agent.Flash;

/// <summary>Where the board keeps its bootloader image, and how a new one gets there.</summary>
internal interface IBootloaderStore
{
    /// <summary>The whole image as it is now, 524288 or 2097152 bytes; null when this board does not let Linux read it.</summary>
    /// <exception cref="FlashException">It could not be read.</exception>
    Task<byte[]?> Read(CancellationToken stopping);

    /// <summary>Puts a new image there. On return it was read back and compared, or it waits for the board's next start.</summary>
    /// <param name="image">Of this board's family, with the time of its last change in it (<see cref="Eeprom.EepromImage.WithTimestamp"/>).</param>
    /// <exception cref="FlashException">It is not there, and what is there now is said.</exception>
    Task<FlashOutcome> Write(byte[] image, CancellationToken stopping);
}
