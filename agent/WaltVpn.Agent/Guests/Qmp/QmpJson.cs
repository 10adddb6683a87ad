using System.Text.Json.Serialization;

namespace WaltVpn.Agent.Guests.Qmp;

/// <summary>QMP's JSON.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(QmpMessage))]
[JsonSerializable(typeof(QmpCommand))]
internal sealed partial class QmpJson : JsonSerializerContext;
