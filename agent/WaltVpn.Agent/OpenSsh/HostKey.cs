namespace WaltVpn.Agent.OpenSsh;

/// <summary>A key that a host is known by.</summary>
/// <param name="Host">As known_hosts writes it: <c>name</c>, or <c>[name]:port</c> when the port is not 22.</param>
/// <param name="Type"><c>ssh-ed25519</c>, <c>ecdsa-sha2-nistp256</c>, <c>ssh-rsa</c>, …</param>
/// <param name="Key">Base64.</param>
internal sealed record HostKey(string Host, string Type, string Key)
{
    /// <summary>The type that is left out where a host has another: it takes as much room as all others together.</summary>
    public const string Rsa = "ssh-rsa";

    /// <summary>For the log.</summary>
    public override string ToString()
    {
        var blob = new byte[Key.Length];
        return Convert.TryFromBase64String(Key, blob, out var length) ? $"{Type} {SshPublicKey.FingerprintOf(blob.AsSpan(0, length))}" : $"{Type} damaged";
    }
}
