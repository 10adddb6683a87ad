namespace WaltVpn.Agent.Following;

/// <summary>The newest settings document that this node took.</summary>
/// <param name="Platform">Empty: not known.</param>
/// <param name="NodeId">Whose it was.</param>
/// <param name="Number">Its counter.</param>
/// <param name="Digest">SHA-256 of its line, hexadecimal; empty: not known.</param>
internal sealed record LastSettings(string Platform, string NodeId, long Number, string Digest);
