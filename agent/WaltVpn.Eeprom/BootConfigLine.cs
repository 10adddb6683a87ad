namespace WaltVpn.Eeprom;

/// <summary>One line of a bootloader configuration.</summary>
/// <param name="Text">Without its end. May hold a secret: print <see cref="BootConfig.WithoutSecrets()"/> instead.</param>
/// <param name="End">What ends it: <c>\n</c> or <c>\r\n</c>; at the end of the file also <c>\r</c> or nothing.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Of a variable; empty for every other line.</param>
/// <param name="Value">Of a variable; empty for every other line.</param>
/// <param name="Filter">The section that decides whether it counts, with its brackets; empty when it always counts.</param>
public sealed record BootConfigLine(string Text, string End, BootConfigLineKind Kind, string Name, string Value, string Filter)
{
    /// <summary>True for a variable that counts on every board and at every boot.</summary>
    public bool IsUnconditional => Kind == BootConfigLineKind.Variable && Filter.Length == 0;

    /// <summary>Bytes it takes in the image; one character is one byte.</summary>
    public int Bytes => Text.Length + End.Length;

    /// <summary>Its text only.</summary>
    public override string ToString() => BootConfig.WithoutSecrets(this);
}
