using System.Text.Json;
using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>
/// An enum travels as its name in camel case. Numbers, other spellings and combinations are refused: whoever reads it may switch over the named
/// values.
/// </summary>
/// <typeparam name="TEnum">The enum; no flags.</typeparam>
public sealed class EnumAsWord<TEnum> : JsonConverter<TEnum>
    where TEnum : struct, Enum
{
    private static readonly TEnum[] Values = Enum.GetValues<TEnum>();
    private static readonly string[] Words = [.. Values.Select(value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()))];

    /// <inheritdoc/>
    public override TEnum Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var index = reader.TokenType == JsonTokenType.String ? Array.IndexOf(Words, reader.GetString()) : -1;
        return index >= 0 ? Values[index] : throw new JsonException($"must be one of: {string.Join(", ", Words)}");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, TEnum value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Words[Array.IndexOf(Values, value)]);
}
