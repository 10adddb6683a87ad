using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using WaltVpn.Protocol;
using WaltVpn.Server.Lan;

namespace WaltVpn.Server.Http;

/// <summary>What the web framework writes besides the contract's own types: arrays of them, and its problem record.</summary>
[JsonSerializable(typeof(NodeView[]))]
[JsonSerializable(typeof(NodeBootView[]))]
[JsonSerializable(typeof(ExpectedBoardView[]))]
[JsonSerializable(typeof(TokenView[]))]
[JsonSerializable(typeof(HealthCheck[]))]
[JsonSerializable(typeof(AuditEntry[]))]
[JsonSerializable(typeof(RequestView[]))]
[JsonSerializable(typeof(BootPairView[]))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(LanErrorView))]
internal sealed partial class HttpJson : JsonSerializerContext;
