using System.Buffers.Binary;
using System.Text;

namespace WaltVpn.ImageBuilder.Settings;

/// <summary>The grammar of OpenSSH's key texts, as far as a settings file may hold them.</summary>
/// <remarks>Private keys: PROTOCOL.key of OpenSSH. Public keys: RFC 8709 section 4, one canonical spelling.</remarks>
internal static class OpenSshKey
{
    private const string Type = "ssh-ed25519";
    private const int PublicBytes = 32;
    private const string PrivateHeader = "-----BEGIN OPENSSH PRIVATE KEY-----";
    private const string PrivateFooter = "-----END OPENSSH PRIVATE KEY-----";

    private static ReadOnlySpan<byte> PrivateMagic => "openssh-key-v1\0"u8;

    /// <summary>Null when the text is <c>ssh-ed25519 BASE64</c>; else the reason why not.</summary>
    public static string? RefusePublic(string text)
    {
        if (text.Split(' ') is not [Type, var base64, .. var rest]) return $"must start with '{Type} '";
        if (rest.Length > 0) return "must have two words only, no comment";
        var expected = new byte[4 + Type.Length + 4 + PublicBytes];
        BinaryPrimitives.WriteUInt32BigEndian(expected, (uint)Type.Length);
        Encoding.ASCII.GetBytes(Type, expected.AsSpan(4));
        BinaryPrimitives.WriteUInt32BigEndian(expected.AsSpan(4 + Type.Length), PublicBytes);
        var key = new byte[expected.Length];
        var whole = Convert.TryFromBase64String(base64, key, out var length) && length == key.Length
            && key.AsSpan(0, length - PublicBytes).SequenceEqual(expected.AsSpan(0, length - PublicBytes))
            && Convert.ToBase64String(key) == base64;
        return whole ? null : "is damaged: it does not decode to one Ed25519 key";
    }

    /// <summary>Null when the text is a private key without passphrase; else the reason, without any part of the text.</summary>
    public static string? RefusePrivate(string text)
    {
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        if (lines[0] != PrivateHeader) return $"must start with the line {PrivateHeader}";
        if (lines[^1] != PrivateFooter) return $"must end with the line {PrivateFooter}";
        var body = new byte[text.Length];
        if (!Convert.TryFromBase64String(string.Concat(lines[1..^1]), body, out var length)) return "is damaged between its first and last line";
        var key = body.AsSpan(0, length);
        if (!key.StartsWith(PrivateMagic)) return "is damaged: it does not decode to an OpenSSH key";
        var noCipher = "\0\0\0\u0004none"u8;
        return key[PrivateMagic.Length..].StartsWith(noCipher) ? null : "is protected by a passphrase, which no node could type";
    }
}
