namespace WaltVpn.Server.Settings;

/// <summary>server.yaml cannot be used. The message names the key, what is wrong and what is expected.</summary>
internal sealed class SettingsException(string message) : Exception(message);
