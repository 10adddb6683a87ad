namespace WaltVpn.Server.Certificates;

/// <summary>What the revocation list must say.</summary>
/// <param name="Serials">Void serials of our CA, ascending.</param>
/// <param name="Keys">Void keys, each a line <c>ssh-ed25519 AAAA…</c>.</param>
internal sealed record Revocations(IReadOnlyList<ulong> Serials, IReadOnlyList<string> Keys);
