namespace WaltVpn.Eeprom;

/// <summary>What a line of a bootloader configuration is.</summary>
public enum BootConfigLineKind
{
    /// <summary>Empty, or spaces only.</summary>
    Blank,

    /// <summary>Starts with <c>#</c>.</summary>
    Comment,

    /// <summary>Stands in brackets: says for which boards or boots the next lines count.</summary>
    Section,

    /// <summary><c>NAME=VALUE</c>.</summary>
    Variable,

    /// <summary>Anything else; the bootloader ignores it.</summary>
    Other,

    /// <summary>After <c>[config.txt]</c>: not for the bootloader but for what it boots.</summary>
    ForConfigTxt,
}
