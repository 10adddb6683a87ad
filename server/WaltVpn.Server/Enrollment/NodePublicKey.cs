using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Server.Enrollment;

/// <summary>A public key in the one form in which it is stored and compared: <c>&lt;type&gt; &lt;canonical base64&gt;</c>.</summary>
/// <remarks>
/// docs/security.md ENR-6, LEG-2. Ed25519 (RFC 8709 section 4); and, only from boards that speak WalT's HTTP protocol, ECDSA on P-384 (RFC 5656 section 3.1).
/// </remarks>
internal sealed record NodePublicKey
{
    /// <summary>The type every way in takes.</summary>
    public const string TypeName = "ssh-ed25519";

    /// <summary>The type of WalT's boards.</summary>
    public const string LegacyTypeName = "ecdsa-sha2-nistp384";

    private const string LegacyCurve = "nistp384";

    /// <summary>Bytes of an Ed25519 point (RFC 8032 section 5.1.5).</summary>
    private const int PointLength = 32;

    private NodePublicKey(string type, ReadOnlySpan<byte> blob) => Line = $"{type} {Convert.ToBase64String(blob)}";

    /// <summary>The key's line, without comment and line feed.</summary>
    public string Line { get; }

    /// <summary>The key in SSH's wire form.</summary>
    public byte[] Blob => Convert.FromBase64String(Line[(Line.IndexOf(' ', StringComparison.Ordinal) + 1)..]);

    /// <summary><c>SHA256:…</c>, as ssh-keygen -l prints it.</summary>
    public string Fingerprint => "SHA256:" + Convert.ToBase64String(SHA256.HashData(Blob)).TrimEnd('=');

    /// <summary>The fingerprint, and the same as words.</summary>
    public string Shown => $"{Fingerprint} ({FingerprintWords.Of(Fingerprint)})";

    /// <summary>Reads an Ed25519 key that a node sent: exactly one line, no options, no comment, nothing after it.</summary>
    /// <param name="text">Untrusted.</param>
    /// <param name="key">The key.</param>
    /// <param name="refusal">Why not, in words the node may see.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out NodePublicKey? key, [NotNullWhen(false)] out string? refusal) =>
        TryParse(text, out key, out refusal, TypeName);

    /// <summary>
    /// Like <see cref="TryParse(string, out NodePublicKey?, out string?)"/>, and takes a P-384 key too: of WalT's boards, or of our own database.
    /// </summary>
    public static bool TryParseAny(string text, [NotNullWhen(true)] out NodePublicKey? key, [NotNullWhen(false)] out string? refusal) =>
        TryParse(text, out key, out refusal, TypeName, LegacyTypeName);

    /// <summary>Reads the first key of a .pub file of this machine; its comment is dropped.</summary>
    /// <exception cref="FormatException">It holds no Ed25519 key.</exception>
    public static NodePublicKey Load(string file)
    {
        var words = File.ReadAllText(file).Split([' ', '\n'], 3);
        return words.Length >= 2 && TryParse($"{words[0]} {words[1]}", out var key, out _)
            ? key
            : throw new FormatException($"{file}: no '{TypeName}' public key in it");
    }

    /// <summary>Reads SSH's wire form.</summary>
    /// <exception cref="FormatException">It is none of the two types.</exception>
    public static NodePublicKey FromBlob(ReadOnlySpan<byte> blob)
    {
        var reader = new SshWireReader(blob);
        var key = reader.ReadText() switch
        {
            TypeName => ReadPoint(ref reader),
            LegacyTypeName => ReadLegacyPoint(ref reader),
            _ => throw new FormatException("the key is of another type"),
        };
        return reader.IsAtEnd ? key : throw new FormatException("bytes follow the key");
    }

    /// <summary>Reads what stands in an Ed25519 key behind its type: the point.</summary>
    /// <exception cref="FormatException">It has not 32 bytes.</exception>
    public static NodePublicKey ReadPoint(ref SshWireReader reader) => FromPoint(reader.ReadString());

    /// <summary>Reads what stands in a P-384 key behind its type: the curve's name and the point.</summary>
    /// <exception cref="FormatException">It is of another curve, or of a wrong length.</exception>
    public static NodePublicKey ReadLegacyPoint(ref SshWireReader reader)
    {
        if (reader.ReadText() != LegacyCurve) throw new FormatException("the key is on another curve");
        var point = reader.ReadString();
        if (point.Length != P384Point.Length) throw new FormatException($"a point on P-384 has {P384Point.Length} bytes");
        return new NodePublicKey(LegacyTypeName, [.. Field(LegacyTypeName), .. Field(LegacyCurve), 0, 0, 0, P384Point.Length, .. point]);
    }

    /// <summary>Makes the key of a point.</summary>
    /// <exception cref="FormatException">It has not 32 bytes.</exception>
    public static NodePublicKey FromPoint(ReadOnlySpan<byte> point)
    {
        if (point.Length != PointLength) throw new FormatException("an Ed25519 key has 32 bytes");
        return new NodePublicKey(TypeName, [.. Field(TypeName), 0, 0, 0, PointLength, .. point]);
    }

    /// <inheritdoc/>
    public override string ToString() => Line;

    private static bool TryParse(
        string text, [NotNullWhen(true)] out NodePublicKey? key, [NotNullWhen(false)] out string? refusal, params ReadOnlySpan<string> types)
    {
        key = null;
        refusal = $"the public key is not one line '{string.Join(" or ", types)} <canonical base64>'";
        try
        {
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0 || !types.Contains(text[..space])) return false;
            var candidate = FromBlob(Convert.FromBase64String(text[(space + 1)..]));
            // The decoder forgives white space and stray bits; writing the key again does not. Nor may the two types differ.
            if (candidate.Line != text) return false;
            key = candidate;
        }
        catch (FormatException)
        {
            return false;
        }

        if (!key.IsUsable())
        {
            (key, refusal) = (null, "the public key is a point of small order, or none");
            return false;
        }

        refusal = null;
        return true;
    }

    private bool IsUsable() => Line.StartsWith(TypeName + " ", StringComparison.Ordinal)
        ? Ed25519Point.IsUsable(Blob.AsSpan()[^PointLength..])
        : P384Point.IsUsable(Blob.AsSpan()[^P384Point.Length..]);

    /// <summary>A string of RFC 4251 section 5 that is shorter than 256 bytes.</summary>
    private static byte[] Field(string text) => [0, 0, 0, (byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
