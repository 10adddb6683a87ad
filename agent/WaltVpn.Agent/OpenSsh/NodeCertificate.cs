using System.Diagnostics.CodeAnalysis;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.OpenSsh;

/// <summary>A node's OpenSSH user certificate, as far as the node looks into it: sshd checks signature and life, the node only whose it is.</summary>
/// <param name="Line"><c>type base64</c>, without comment and line end: two certificates are the same when this text is.</param>
/// <param name="Key">The certified key.</param>
/// <param name="Serial">0 with WalT's servers.</param>
/// <param name="KeyId">As the server named it.</param>
/// <remarks>OpenSSH PROTOCOL.certkeys.</remarks>
internal sealed record NodeCertificate(string Line, SshPublicKey Key, ulong Serial, string KeyId)
{
    private const string Suffix = "-cert-v01@openssh.com";

    /// <summary>SSH_CERT_TYPE_USER.</summary>
    private const uint UserCertificate = 1;

    private const int NodeIdLength = 32;

    /// <summary>The node it is for, by a server of ours: key id <c>&lt;node id&gt;/&lt;n&gt;</c>; null: another server's.</summary>
    public string? NodeId => KeyId.Split('/') is [{ Length: NodeIdLength } id, _] && id.All(char.IsAsciiHexDigitLower) ? id : null;

    /// <summary>Reads <c>type base64 [comment]</c>; false when it is not one whole user certificate over a key of a node's types.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out NodeCertificate? certificate)
    {
        certificate = null;
        var words = text.Trim().Split(' ');
        if (words.Length < 2 || text.Trim().AsSpan().ContainsAny('\r', '\n') || !words[0].EndsWith(Suffix, StringComparison.Ordinal)) return false;
        var type = words[0][..^Suffix.Length];
        var blob = new byte[words[1].Length];
        if (!Convert.TryFromBase64String(words[1], blob, out var length)) return false;
        blob = blob[..length];
        var reader = new SshWireReader(blob);
        if (!reader.TryReadString(out var named) || Encoding.Latin1.GetString(named) != words[0] || !reader.TrySkipString()) return false;
        var start = reader.Position;
        var fields = SshPublicKey.FieldsOf(type);
        for (var i = 0; i < fields; i++)
        {
            if (!reader.TrySkipString()) return false;
        }

        var key = blob.AsSpan(start..reader.Position);
        if (fields == 0 || !reader.TryReadUInt64(out var serial) || !reader.TryReadUInt32(out var kind) || kind != UserCertificate) return false;
        // Key id, principals; after, before; critical options, extensions, reserved, authority, signature.
        var whole = reader.TryReadString(out var keyId) & reader.TrySkipString() & reader.TryReadUInt64(out _) & reader.TryReadUInt64(out _)
            & reader.TrySkipString() & reader.TrySkipString() & reader.TrySkipString() & reader.TrySkipString() & reader.TrySkipString();
        if (!whole || reader.Position != blob.Length) return false;
        certificate = new NodeCertificate($"{words[0]} {words[1]}", SshPublicKey.FromFields(type, key), serial, Encoding.Latin1.GetString(keyId));
        return true;
    }
}
