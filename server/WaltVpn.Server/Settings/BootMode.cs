namespace WaltVpn.Server.Settings;

/// <summary>What WalT's boards may boot, as they write it into their EEPROM (docs/security.md BOOT-6).</summary>
internal enum BootMode
{
    /// <summary>The signed boot files of the platform, nothing else.</summary>
    Enforced,

    /// <summary>Those first, then TFTP, then the SD card.</summary>
    Permissive,
}
