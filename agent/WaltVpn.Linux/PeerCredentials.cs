namespace WaltVpn.Linux;

/// <summary>The process at the other end of a UNIX socket, as the kernel saw it when it connected.</summary>
/// <param name="ProcessId">pid; 0 when it is in another pid namespace.</param>
/// <param name="UserId">Effective uid.</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId);
