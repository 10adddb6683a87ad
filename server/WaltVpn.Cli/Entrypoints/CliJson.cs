using System.Text.Json.Serialization;

namespace WaltVpn.Cli.Entrypoints;

/// <summary>JSON of what this program itself finds out.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<EntrypointTest>))]
internal sealed partial class CliJson : JsonSerializerContext;
