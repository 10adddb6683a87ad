namespace WaltVpn.Eeprom;

/// <summary>The chip a bootloader image is for; known by its size.</summary>
public enum EepromFamily
{
    /// <summary>Raspberry Pi 4: 512 KiB of flash.</summary>
    Bcm2711,

    /// <summary>Raspberry Pi 5: 2 MiB of flash.</summary>
    Bcm2712,
}
