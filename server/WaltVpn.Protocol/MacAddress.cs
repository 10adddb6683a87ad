using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>An IEEE 802 MAC address of one station: 48 bits, kept in the low bits of a number.</summary>
[JsonConverter(typeof(MacAddressJsonConverter))]
public readonly record struct MacAddress
{
    /// <summary>Bytes of an address on the wire.</summary>
    public const int Length = 6;

    private readonly ulong _bits;

    private MacAddress(ulong bits) => _bits = bits;

    /// <summary>Reads six bytes in wire order.</summary>
    /// <param name="bytes">At least <see cref="Length"/> bytes; the rest is ignored.</param>
    public static MacAddress FromBytes(ReadOnlySpan<byte> bytes)
    {
        ulong bits = 0;
        foreach (var value in bytes[..Length]) bits = (bits << 8) | value;
        return new MacAddress(bits);
    }

    /// <summary>Writes six bytes in wire order.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    public void CopyTo(Span<byte> destination)
    {
        for (var i = 0; i < Length; i++) destination[i] = (byte)(_bits >> (8 * (Length - 1 - i)));
    }

    /// <summary>True for broadcast and multicast addresses, which no station may have (IEEE 802, the I/G bit).</summary>
    private bool IsMulticast => (_bits >> 40 & 1) != 0;

    /// <summary>Reads six pairs of hexadecimal digits separated by colons, upper or lower case; refuses multicast and all zeros.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out MacAddress address)
    {
        address = default;
        if (text is not { Length: (3 * Length) - 1 }) return false;
        ulong bits = 0;
        for (var i = 0; i < Length; i++)
        {
            if (i > 0 && text[(3 * i) - 1] != ':') return false;
            if (!byte.TryParse(text.AsSpan(3 * i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return false;
            bits = (bits << 8) | value;
        }

        address = new MacAddress(bits);
        return bits != 0 && !address.IsMulticast;
    }

    /// <summary>Like <see cref="TryParse"/>, for a text that must be right.</summary>
    /// <exception cref="FormatException">The text is not a MAC address of one station.</exception>
    public static MacAddress Parse(string text) =>
        TryParse(text, out var address)
            ? address
            : throw new FormatException($"'{text}' is not the MAC address of a station; expected six pairs of hexadecimal digits like 52:54:00:12:34:56");

    /// <summary>Lower-case hexadecimal pairs with colons, as Linux prints them.</summary>
    public override string ToString() => string.Create(17, _bits, static (text, bits) =>
    {
        for (var i = 0; i < Length; i++)
        {
            var value = (byte)(bits >> (8 * (Length - 1 - i)));
            if (i > 0) text[(3 * i) - 1] = ':';
            value.TryFormat(text.Slice(3 * i, 2), out _, "x2", CultureInfo.InvariantCulture);
        }
    });
}

/// <summary>Reads and writes a <see cref="MacAddress"/> as its text.</summary>
public sealed class MacAddressJsonConverter : JsonConverter<MacAddress>
{
    /// <inheritdoc/>
    public override MacAddress Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        MacAddress.TryParse(reader.GetString(), out var address) ? address : throw new JsonException("not a MAC address of a station");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, MacAddress value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
