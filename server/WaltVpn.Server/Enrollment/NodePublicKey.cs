using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using WaltVpn.Server.Certificates;

namespace WaltVpn.Server.Enrollment;

/// <summary>An Ed25519 public key in the one form in which it is stored and compared: <c>ssh-ed25519 &lt;canonical base64&gt;</c>.</summary>
/// <remarks>docs/security.md ENR-6; RFC 8709 section 4.</remarks>
internal sealed record NodePublicKey
{
    /// <summary>The only key type there is.</summary>
    public const string TypeName = "ssh-ed25519";

    /// <summary>Bytes of a point (RFC 8032 section 5.1.5).</summary>
    private const int PointLength = 32;

    private NodePublicKey(string line) => Line = line;

    /// <summary>The key's line, without comment and line feed.</summary>
    public string Line { get; }

    /// <summary>The key in SSH's wire form.</summary>
    public byte[] Blob => Convert.FromBase64String(Line[(TypeName.Length + 1)..]);

    /// <summary><c>SHA256:…</c>, as ssh-keygen -l prints it.</summary>
    public string Fingerprint => "SHA256:" + Convert.ToBase64String(SHA256.HashData(Blob)).TrimEnd('=');

    /// <summary>Reads a key that a node sent: exactly one line, no options, no comment, nothing after it.</summary>
    /// <param name="text">Untrusted.</param>
    /// <param name="key">The key.</param>
    /// <param name="refusal">Why not, in words the node may see.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out NodePublicKey? key, [NotNullWhen(false)] out string? refusal)
    {
        key = null;
        refusal = $"the public key is not one line '{TypeName} <canonical base64>'";
        if (!text.StartsWith(TypeName + " ", StringComparison.Ordinal)) return false;
        try
        {
            var candidate = FromBlob(Convert.FromBase64String(text[(TypeName.Length + 1)..]));
            // The decoder forgives white space and stray bits; writing the key again does not.
            if (candidate.Line != text) return false;
            key = candidate;
        }
        catch (FormatException)
        {
            return false;
        }

        if (!Ed25519Point.IsUsable(key.Blob.AsSpan()[^PointLength..]))
        {
            (key, refusal) = (null, "the public key is a point of small order, or none");
            return false;
        }

        refusal = null;
        return true;
    }

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
    /// <exception cref="FormatException">It is not an Ed25519 key.</exception>
    public static NodePublicKey FromBlob(ReadOnlySpan<byte> blob)
    {
        var reader = new SshWireReader(blob);
        if (reader.ReadText() != TypeName) throw new FormatException("the key is of another type");
        var point = reader.ReadString();
        return reader.IsAtEnd ? FromPoint(point) : throw new FormatException("bytes follow the key");
    }

    /// <summary>Makes the key of a point.</summary>
    /// <exception cref="FormatException">It has not 32 bytes.</exception>
    public static NodePublicKey FromPoint(ReadOnlySpan<byte> point)
    {
        if (point.Length != PointLength) throw new FormatException("an Ed25519 key has 32 bytes");
        ReadOnlySpan<byte> blob = [0, 0, 0, (byte)TypeName.Length, .. Encoding.ASCII.GetBytes(TypeName), 0, 0, 0, PointLength, .. point];
        return new NodePublicKey($"{TypeName} {Convert.ToBase64String(blob)}");
    }

    /// <inheritdoc/>
    public override string ToString() => Line;
}
