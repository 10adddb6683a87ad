using System.Text.Json;
using System.Text.Json.Serialization;
using WaltVpn.Agent.Startup;

namespace WaltVpn.Agent.Following;

/// <summary>The settings that the server gave this node, kept on the state partition.</summary>
/// <param name="Card">Digest of the card's own settings when these were taken: who changes those afterwards wants them used.</param>
/// <param name="Document">Line of the settings document.</param>
/// <param name="Before">How the server was reached when these were told; null: the node has come in with these since.</param>
internal sealed record StoredSettings(string Card, string Document, Reach? Before)
{
    private const string FileName = "settings.json";

    /// <summary>Reads them; null when there are none, or they are damaged.</summary>
    public static StoredSettings? Read(StatePartition state, INodeLog log)
    {
        var path = Path.Combine(state.Directory, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize(SealedFile.Open(File.ReadAllBytes(path)), StoredSettingsJson.Default.StoredSettings);
        }
        catch (Exception damage) when (damage is FormatException or JsonException)
        {
            log.Warning(
                BootStage.Settings,
                $"{FileName} on the state partition is damaged ({damage.Message}); the card's own settings are used until the server tells its.");
            return null;
        }
    }

    /// <summary>Keeps them.</summary>
    public void Write(StatePartition state)
    {
        var file = SealedFile.Seal(JsonSerializer.SerializeToUtf8Bytes(this, StoredSettingsJson.Default.StoredSettings));
        state.Write(() => StateFile.Write(state, FileName, file));
    }
}

/// <summary>JSON of the agent's own file.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredSettings))]
internal sealed partial class StoredSettingsJson : JsonSerializerContext;
