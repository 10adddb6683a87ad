using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.OpenSsh;

/// <summary>A node's public key: Ed25519, or ECDSA as WalT's nodes make them.</summary>
/// <param name="Line"><c>type base64</c>, without comment and line end.</param>
internal sealed record SshPublicKey(string Line)
{
    private const string PrivateKeyLabel = "OPENSSH PRIVATE KEY";

    /// <summary>How many fields follow the type in a key of that type; 0: no type for nodes.</summary>
    internal static int FieldsOf(string type) => type switch
    {
        "ssh-ed25519" => 1,
        "ecdsa-sha2-nistp256" or "ecdsa-sha2-nistp384" or "ecdsa-sha2-nistp521" => 2,
        _ => 0,
    };

    /// <summary><c>SHA256:…</c>, as <c>ssh-keygen -l</c> prints it.</summary>
    public string Fingerprint => FingerprintOf(Convert.FromBase64String(Line.Split(' ')[1]));

    /// <summary>Of any key's bytes.</summary>
    public static string FingerprintOf(ReadOnlySpan<byte> blob) => "SHA256:" + Convert.ToBase64String(SHA256.HashData(blob)).TrimEnd('=');

    /// <summary>The public half, which stands in clear in the file of a private key (OpenSSH PROTOCOL.key).</summary>
    /// <returns>False when it is not one key of a node's types without passphrase, as ssh-keygen writes it.</returns>
    public static bool TryReadFrom(Secret privateKey, [NotNullWhen(true)] out SshPublicKey? key)
    {
        key = null;
        var pem = privateKey.Reveal();
        if (!PemEncoding.TryFind(pem, out var found) || pem[found.Label] != PrivateKeyLabel) return false;
        var bytes = Convert.FromBase64String(pem[found.Base64Data]);
        var magic = "openssh-key-v1\0"u8;
        if (!bytes.AsSpan().StartsWith(magic)) return false;
        var reader = new SshWireReader(bytes.AsSpan(magic.Length));
        var whole = reader.TryReadString(out var cipher) & reader.TrySkipString() & reader.TrySkipString()
            & reader.TryReadUInt32(out var count) & reader.TryReadString(out var blob) & reader.TryReadString(out var secret);
        if (!whole || !cipher.SequenceEqual("none"u8) || count != 1 || secret.IsEmpty) return false;
        return TryFromBlob(blob, out key);
    }

    /// <summary>Reads a key as SSH sends it; false when it is not one of a node's types.</summary>
    public static bool TryFromBlob(ReadOnlySpan<byte> blob, [NotNullWhen(true)] out SshPublicKey? key)
    {
        key = null;
        var reader = new SshWireReader(blob);
        if (!reader.TryReadString(out var word)) return false;
        var type = Encoding.Latin1.GetString(word);
        var fields = FieldsOf(type);
        for (var i = 0; i < fields; i++)
        {
            if (!reader.TrySkipString()) return false;
        }

        if (fields == 0 || reader.Position != blob.Length) return false;
        key = new SshPublicKey($"{type} {Convert.ToBase64String(blob)}");
        return true;
    }

    /// <summary>The key whose type and fields stand in a certificate.</summary>
    internal static SshPublicKey FromFields(string type, ReadOnlySpan<byte> fields)
    {
        var length = new byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32BigEndian(length, type.Length);
        return new SshPublicKey($"{type} {Convert.ToBase64String([.. length, .. Encoding.ASCII.GetBytes(type), .. fields])}");
    }
}
