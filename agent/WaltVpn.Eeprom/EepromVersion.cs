using System.Buffers.Text;
using System.Text;

namespace WaltVpn.Eeprom;

/// <summary>What an image says about the bootloader in it; each part is a plain text between its bytes.</summary>
/// <param name="BuildTime">Of the bootloader; null when the image does not tell.</param>
/// <param name="Hash">Eight hexadecimal digits that name the source it was built from; null when the image does not tell.</param>
/// <param name="ManufacturingVersion">
/// Compared with the least one a board accepts (<c>/proc/device-tree/chosen/rpi-min-boot-ver</c>); images of before May 2026 have none and count as 0.
/// </param>
public sealed record EepromVersion(DateTimeOffset? BuildTime, string? Hash, long ManufacturingVersion)
{
    private const int HashLength = 8;

    // The first one counts: an A/B image holds its read-only part before partition A.
    internal static EepromVersion Find(ReadOnlySpan<byte> image)
    {
        DateTimeOffset? built = Number(image, "BUILD_TIMESTAMP="u8) is { } seconds ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
        return new EepromVersion(built, FindHash(image), Number(image, "MFG_VER: "u8) ?? 0);
    }

    /// <summary>Other texts of the firmware contain the label too; what follows decides.</summary>
    private static string? FindHash(ReadOnlySpan<byte> image)
    {
        var label = "VERSION:"u8;
        var rest = image;
        while (rest.IndexOf(label) is >= 0 and var found)
        {
            rest = rest[(found + label.Length)..];
            if (rest.Length < HashLength) return null;
            var digits = Encoding.Latin1.GetString(rest[..HashLength]);
            if (digits.All(char.IsAsciiHexDigitLower)) return digits;
        }

        return null;
    }

    /// <summary>At most ten digits, so that nothing overflows.</summary>
    private static uint? Number(ReadOnlySpan<byte> image, ReadOnlySpan<byte> label)
    {
        var found = image.IndexOf(label);
        if (found < 0) return null;
        var digits = image[(found + label.Length)..];
        return Utf8Parser.TryParse(digits[..Math.Min(10, digits.Length)], out uint value, out _) ? value : null;
    }
}
