using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>A moment travels as RFC 3339 in UTC, in whole seconds: <c>2026-11-21T15:34:34Z</c>. Other offsets and fractions are read.</summary>
public sealed class UtcTime : JsonConverter<DateTimeOffset>
{
    /// <inheritdoc/>
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
}
