namespace WaltVpn.Agent.Following;

/// <summary>The server does not let this node in: its certificate's life is over, or it was revoked.</summary>
internal sealed class KeyRefusedException(string message) : StageException(message);
