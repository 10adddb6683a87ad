using System.Text.Json;
using System.Text.Json.Serialization;
using WaltVpn.Agent.Startup;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Enrollment;

/// <summary>The identity a platform gave this node, kept on the state partition, so that it asks only once.</summary>
/// <param name="Platform">Who gave it: settings that name another platform make the node ask again.</param>
/// <param name="PublicKey">For which key: a new key makes the node ask again.</param>
/// <param name="Identity">What was given.</param>
internal sealed record StoredIdentity(string Platform, string PublicKey, NodeIdentity Identity)
{
    private const string FileName = "identity.json";

    /// <summary>The identity for this platform and key; null when there is none, or it cannot be read.</summary>
    public static NodeIdentity? Read(StatePartition state, string platform, NodeKey key, INodeLog log)
    {
        var path = Path.Combine(state.Directory, FileName);
        if (!File.Exists(path)) return null;
        try
        {
            var stored = JsonSerializer.Deserialize(SealedFile.Open(File.ReadAllBytes(path)), StoredIdentityJson.Default.StoredIdentity);
            return stored is not null && stored.Platform == platform && stored.PublicKey == key.PublicKey ? stored.Identity : null;
        }
        catch (Exception damage) when (damage is FormatException or JsonException)
        {
            log.Warning(BootStage.Enrollment, $"{FileName} on the state partition is damaged ({damage.Message}); asking again with the same key.");
            return null;
        }
    }

    /// <summary>Keeps it.</summary>
    public void Write(StatePartition state)
    {
        var file = SealedFile.Seal(JsonSerializer.SerializeToUtf8Bytes(this, StoredIdentityJson.Default.StoredIdentity));
        state.Write(() => StateFile.Write(state, FileName, file));
    }
}

/// <summary>JSON of the agent's own file.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(StoredIdentity))]
internal sealed partial class StoredIdentityJson : JsonSerializerContext;
