namespace WaltVpn.Hub;

/// <summary>The command line makes no sense; the message says what to write instead.</summary>
internal sealed class UsageException(string message) : Exception(message);
