using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Http;

/// <summary>What the web framework writes besides the contract's own types: arrays of them, and its problem record.</summary>
[JsonSerializable(typeof(NodeView[]))]
[JsonSerializable(typeof(RequestView[]))]
[JsonSerializable(typeof(BootPairView[]))]
[JsonSerializable(typeof(ProblemDetails))]
internal sealed partial class HttpJson : JsonSerializerContext;
