namespace WaltVpn.Protocol;

/// <summary>One link of the chain from a board to the platform's network, looked at.</summary>
/// <param name="Name">Which, one or two words.</param>
/// <param name="Works">Does it do what nodes need of it?</param>
/// <param name="Finding">What was seen.</param>
/// <param name="Remedy">What to type or look at; null when it works.</param>
public sealed record HealthCheck(string Name, bool Works, string Finding, string? Remedy = null);
