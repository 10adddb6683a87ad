using System.Text.Json.Serialization;

namespace WaltVpn.ImageBuilder.Eeprom;

/// <summary>The reports as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n",
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EepromReport))]
[JsonSerializable(typeof(VerifyReport))]
internal sealed partial class EepromJson : JsonSerializerContext;
