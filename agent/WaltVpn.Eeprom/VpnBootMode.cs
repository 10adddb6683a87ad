namespace WaltVpn.Eeprom;

/// <summary>What a node may boot from when its platform cannot be reached.</summary>
public enum VpnBootMode
{
    /// <summary>Nothing: it tries signed HTTP boot for ever. For public places.</summary>
    Enforced,

    /// <summary>TFTP, then its SD card.</summary>
    Permissive,
}
