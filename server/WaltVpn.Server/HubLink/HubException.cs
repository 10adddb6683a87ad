namespace WaltVpn.Server.HubLink;

/// <summary>The hub did not answer, or refused.</summary>
internal sealed class HubException(string message, Exception? inner = null) : IOException(message, inner);
