using System.Globalization;
using System.Text;

namespace WaltVpn.Protocol;

/// <summary>
/// The text beside a file that a Raspberry Pi's bootloader checks: <c>boot.sig</c>, <c>bootconf.sig</c>, <c>pieeprom.sig</c>. Raspberry Pi's
/// rpi-eeprom-digest writes the same.
/// </summary>
/// <param name="Sha256">SHA-256 of the file, 64 lower-case hexadecimal digits.</param>
/// <param name="Time">Seconds since 1970. The signature does not cover it.</param>
/// <param name="Chip"><c>2711</c> or <c>2712</c>; null when it is for either.</param>
/// <param name="Signature">RSA-2048, PKCS#1 v1.5 over SHA-256 of the file's content, 256 bytes; null: a hash only.</param>
public sealed record SignatureFile(string Sha256, long Time, string? Chip, ReadOnlyMemory<byte>? Signature)
{
    private const string TimeLabel = "ts: ";
    private const string ChipLabel = "target-soc: ";
    private const string SignatureLabel = "rsa2048: ";
    private const int HashDigits = 64;
    private const int SignatureDigits = 512;

    /// <summary>The text, one item per line.</summary>
    public string ToText()
    {
        var text = new StringBuilder().Append(Sha256).Append('\n').Append(TimeLabel).Append(CultureInfo.InvariantCulture, $"{Time}\n");
        if (Chip is not null) text.Append(ChipLabel).Append(Chip).Append('\n');
        if (Signature is { } signature) text.Append(SignatureLabel).Append(Convert.ToHexStringLower(signature.Span)).Append('\n');
        return text.ToString();
    }

    /// <summary>Reads the text; line feeds at its end do not count.</summary>
    /// <param name="text">Untrusted.</param>
    /// <exception cref="FormatException">It is not of that form; the message names the line.</exception>
    public static SignatureFile Parse(string text)
    {
        var lines = text.TrimEnd('\n').Split('\n');
        if (!IsHex(lines[0], HashDigits)) throw Wrong(1, $"expected {HashDigits} lower-case hexadecimal digits, the SHA-256 of the file");
        if (lines.Length < 2 || !lines[1].StartsWith(TimeLabel, StringComparison.Ordinal)
            || !long.TryParse(lines[1].AsSpan(TimeLabel.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var time))
        {
            throw Wrong(2, "expected 'ts: ' and seconds since 1970");
        }

        var file = new SignatureFile(lines[0], time, null, null);
        for (var i = 2; i < lines.Length; i++) file = file.With(lines[i], i + 1);
        return file;
    }

    private SignatureFile With(string line, int number)
    {
        if (Chip is null && Signature is null && line.StartsWith(ChipLabel, StringComparison.Ordinal))
        {
            var chip = line[ChipLabel.Length..];
            return chip is "2711" or "2712" ? this with { Chip = chip } : throw Wrong(number, "expected 'target-soc: 2711' or 'target-soc: 2712'");
        }

        if (Signature is null && line.StartsWith(SignatureLabel, StringComparison.Ordinal))
        {
            var digits = line[SignatureLabel.Length..];
            return IsHex(digits, SignatureDigits)
                ? this with { Signature = Convert.FromHexString(digits) }
                : throw Wrong(number, $"expected 'rsa2048: ' and {SignatureDigits} lower-case hexadecimal digits");
        }

        throw Wrong(number, "nothing like this is expected here");
    }

    private static bool IsHex(string text, int length) => text.Length == length && text.All(char.IsAsciiHexDigitLower);

    private static FormatException Wrong(int line, string expected) => new(
        $"line {line} is not that of a signature file: {expected}; make it again with the tool that signs");
}
