using System.Text.Json.Serialization;

namespace WaltVpn.Server.Lan;

/// <summary>An error as <c>Prefer: errors=json</c> gets it.</summary>
internal sealed record LanErrorView
{
    [JsonPropertyName("error")]
    public required string Error { get; init; }

    [JsonPropertyName("status_code")]
    public required int StatusCode { get; init; }
}
