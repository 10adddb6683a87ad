using WaltVpn.Protocol;

namespace WaltVpn.ImageBuilder.Settings;

/// <summary>The grammar of OpenSSH's key texts, as far as a settings file may hold them.</summary>
/// <remarks>Private keys: PROTOCOL.key of OpenSSH.</remarks>
internal static class OpenSshKey
{
    private const string PrivateHeader = "-----BEGIN OPENSSH PRIVATE KEY-----";
    private const string PrivateFooter = "-----END OPENSSH PRIVATE KEY-----";

    private static ReadOnlySpan<byte> PrivateMagic => "openssh-key-v1\0"u8;

    /// <summary>Null when the text is a host key that nodes take; else the reason why not.</summary>
    public static string? RefusePublic(string text)
    {
        var words = text.Split(' ');
        if (!words[0].StartsWith("ssh-", StringComparison.Ordinal) && !words[0].StartsWith("ecdsa-", StringComparison.Ordinal))
            return "must start with 'ssh-ed25519 ' or 'ecdsa-sha2-nistp256 '";
        if (words.Length > 2) return "must have two words only, no comment";
        return HostKeyLine.IsUsable(text) ? null : $"is damaged, or of a kind that nodes do not take; they take {HostKeyLine.Form}";
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
