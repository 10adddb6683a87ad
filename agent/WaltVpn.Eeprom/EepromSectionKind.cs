namespace WaltVpn.Eeprom;

/// <summary>What a section of an image holds, by the first word of its header.</summary>
public enum EepromSectionKind
{
    /// <summary>The first program of the chip, at offset 0.</summary>
    BootCode,

    /// <summary>A file with a name, which may be replaced.</summary>
    File,

    /// <summary>A part of the firmware, kept as it is.</summary>
    Firmware,

    /// <summary>Nothing; keeps the next section at its place.</summary>
    Padding,
}
