using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>
/// The one place where the contract meets JSON: camel case, enums as words, times as <see cref="UtcTime"/>, unknown members ignored, missing required ones and null in their place
/// refused.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    Converters = [typeof(UtcTime)])]
[JsonSerializable(typeof(NodeSettings))]
[JsonSerializable(typeof(SettingsDocument))]
[JsonSerializable(typeof(EnrollmentRequest))]
[JsonSerializable(typeof(EnrollmentChallenge))]
[JsonSerializable(typeof(EnrollmentAnswer))]
[JsonSerializable(typeof(NodeIdentity))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(LoginAnswer))]
[JsonSerializable(typeof(HubRequest))]
[JsonSerializable(typeof(HubAnswer))]
[JsonSerializable(typeof(TunnelControl))]
[JsonSerializable(typeof(NodeReport))]
[JsonSerializable(typeof(NodeBootView))]
[JsonSerializable(typeof(IReadOnlyList<NodeBootView>))]
[JsonSerializable(typeof(NodeLogView))]
[JsonSerializable(typeof(IReadOnlyList<NodeLogLine>))]
[JsonSerializable(typeof(IReadOnlyList<StageReport>))]
[JsonSerializable(typeof(BlinkOrder))]
[JsonSerializable(typeof(NodeView))]
[JsonSerializable(typeof(IReadOnlyList<NodeView>))]
[JsonSerializable(typeof(PlatformView))]
[JsonSerializable(typeof(NodeName))]
[JsonSerializable(typeof(NodeTags))]
[JsonSerializable(typeof(NodeBootMode))]
[JsonSerializable(typeof(IReadOnlyList<ExpectedBoard>))]
[JsonSerializable(typeof(ExpectedBoardView))]
[JsonSerializable(typeof(IReadOnlyList<ExpectedBoardView>))]
[JsonSerializable(typeof(RequestView))]
[JsonSerializable(typeof(IReadOnlyList<RequestView>))]
[JsonSerializable(typeof(RequestDecision))]
[JsonSerializable(typeof(HealthCheck))]
[JsonSerializable(typeof(IReadOnlyList<HealthCheck>))]
[JsonSerializable(typeof(TokenOrder))]
[JsonSerializable(typeof(TokenView))]
[JsonSerializable(typeof(IReadOnlyList<TokenView>))]
[JsonSerializable(typeof(NewToken))]
[JsonSerializable(typeof(AuditEntry))]
[JsonSerializable(typeof(IReadOnlyList<AuditEntry>))]
[JsonSerializable(typeof(BootPairView))]
[JsonSerializable(typeof(IReadOnlyList<BootPairView>))]
[JsonSerializable(typeof(SettingView))]
[JsonSerializable(typeof(IReadOnlyList<SettingView>))]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(ImageInfo))]
[JsonSerializable(typeof(BootManifest))]
public sealed partial class ProtocolJson : JsonSerializerContext;
