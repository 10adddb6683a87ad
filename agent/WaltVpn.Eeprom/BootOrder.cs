using System.Globalization;

namespace WaltVpn.Eeprom;

/// <summary>What a board tries to boot from, one after the other: <c>BOOT_ORDER</c>, a digit per way, read from right to left.</summary>
/// <param name="Value">The number whose hexadecimal digits they are.</param>
public readonly record struct BootOrder(uint Value)
{
    private const string Prefix = "0x";

    /// <summary>What a board does without the variable: SD card, USB, again.</summary>
    public static readonly BootOrder Default = new(0xf41);

    /// <summary>Signed HTTP boot, again and again, and nothing else.</summary>
    public static readonly BootOrder Enforced = new(0xf7);

    /// <summary>Signed HTTP boot, TFTP, SD card, again.</summary>
    public static readonly BootOrder Permissive = new(0xf127);

    /// <summary>The ways in the order they are tried.</summary>
    public IReadOnlyList<BootWay> Ways
    {
        get
        {
            var ways = new List<BootWay>();
            var rest = Value;
            do
            {
                ways.Add((BootWay)(rest & 0xf));
                rest >>= 4;
            }
            while (rest != 0);
            return ways;
        }
    }

    /// <summary>Reads <c>0x</c> and one to eight digits, each a known way.</summary>
    public static bool TryParse(string? text, out BootOrder order)
    {
        order = default;
        if (text is null || text.Length is < 3 or > 10 || !text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        if (!uint.TryParse(text.AsSpan(Prefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return false;
        order = new BootOrder(value);
        return order.Ways.All(Enum.IsDefined);
    }

    /// <summary>As it stands in a configuration.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Value:x}");
}
