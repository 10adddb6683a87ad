using System.Text.Json;
using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>A text that must not be printed: keys, tokens. It is written out only by <see cref="Reveal"/> and by JSON.</summary>
[JsonConverter(typeof(SecretJsonConverter))]
public sealed class Secret(string value)
{
    /// <summary>The text itself. Call it only where the secret leaves for its one destination.</summary>
    public string Reveal() => value;

    /// <summary>Three stars, so that a log line or an exception text never holds the secret (docs/security.md NODE-1).</summary>
    public override string ToString() => "***";
}

/// <summary>Reads and writes a <see cref="Secret"/> as a JSON string.</summary>
internal sealed class SecretJsonConverter : JsonConverter<Secret>
{
    /// <inheritdoc/>
    public override Secret Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        new(reader.GetString() ?? throw new JsonException("a secret is a text, not null"));

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Secret value, JsonSerializerOptions options) => writer.WriteStringValue(value.Reveal());
}
