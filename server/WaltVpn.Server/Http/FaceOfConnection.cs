namespace WaltVpn.Server.Http;

/// <summary>What a listening socket puts on each of its connections.</summary>
internal sealed record FaceOfConnection(Face Face);
