using System.Text.Json.Serialization;
using WaltVpn.Protocol;

namespace WaltVpn.Cli.Backup;

/// <summary>JSON of a backup.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    Converters = [typeof(UtcTime)])]
[JsonSerializable(typeof(BackupManifest))]
[JsonSerializable(typeof(BackupReport))]
internal sealed partial class BackupJson : JsonSerializerContext;
