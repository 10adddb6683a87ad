namespace WaltVpn.Server.BootFiles;

/// <summary>Boot files that must not be published.</summary>
internal sealed class PublicationException(string message, Exception? cause = null) : Exception(message, cause);
