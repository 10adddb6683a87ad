namespace WaltVpn.Server.Login;

/// <summary>A login that sshd was told to let in.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Serial">Of the certificate it showed.</param>
/// <param name="KeyId">Of that certificate.</param>
internal sealed record AdmittedSession(string NodeId, ulong Serial, string KeyId);
