namespace WaltVpn.Eeprom;

/// <summary>How many bootloaders an image has room for.</summary>
public enum EepromLayout
{
    /// <summary>One; it ends with its configuration.</summary>
    OnePartition,

    /// <summary>Two halves (BCM2712 since May 2026): a part that stays, partition A, and room for partition B.</summary>
    TwoPartitions,
}
