using System.Text.Json.Serialization;

namespace WaltVpn.Agent.Reconcile;

/// <summary>A new image that the board has not yet been seen to start with.</summary>
/// <remarks>
/// <code>
///  (nothing) ──write──▶ Written ──the board started with it, and the server answered──▶ (nothing)
///                          └─────operator: --rollback──▶ RolledBack ──the server has other settings──▶ Written
/// </code>
/// </remarks>
/// <param name="Stage">Where it stands.</param>
/// <param name="Config">SHA-256 of its <c>bootconf.txt</c>, hexadecimal: what the board reports when it started with it.</param>
/// <param name="Image">SHA-256 of all of it but the time of the change.</param>
/// <param name="Boot">Id of the boot in which it was written.</param>
/// <param name="Boots">In how many boots since the last image that held one was written.</param>
internal sealed record PendingChange(PendingStage Stage, string Config, string Image, string Boot, int Boots);

/// <summary>Where a change stands.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PendingStage>))]
internal enum PendingStage
{
    /// <summary>Written; the image of before is kept.</summary>
    Written,

    /// <summary>The image of before was written again: these settings are not written once more.</summary>
    RolledBack,
}

/// <summary>JSON of the agent's own file.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PendingChange))]
internal sealed partial class PendingChangeJson : JsonSerializerContext;
