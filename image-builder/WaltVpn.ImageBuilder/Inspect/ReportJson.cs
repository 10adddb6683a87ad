using System.Text.Json.Serialization;

namespace WaltVpn.ImageBuilder.Inspect;

/// <summary>The report as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n",
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ImageReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
