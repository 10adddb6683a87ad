namespace WaltVpn.Server.Processes;

/// <summary>A program could not be run or failed: what was attempted and what it answered.</summary>
internal sealed class ChildProcessException(string message, Exception? inner = null) : IOException(message, inner);
