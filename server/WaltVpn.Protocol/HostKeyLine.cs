using System.Text;

namespace WaltVpn.Protocol;

/// <summary>A server's host key in one line, <c>type base64</c>: the kinds that nodes pin.</summary>
public static class HostKeyLine
{
    /// <summary>Bytes of an Ed25519 key (RFC 8709).</summary>
    private const int Ed25519Length = 32;

    private const string Ed25519 = "ssh-ed25519";
    private const string EcdsaStart = "ecdsa-sha2-";

    /// <summary>For messages.</summary>
    public const string Form = "'ssh-ed25519 AAAA…' or 'ecdsa-sha2-nistp256 AAAA…' (also nistp384, nistp521)";

    /// <summary>True for a whole key of one of these kinds, in its one spelling: no options, no comment.</summary>
    /// <param name="text">Untrusted; null is no key.</param>
    public static bool IsUsable(string? text)
    {
        if (text?.Split(' ') is not [var type, var base64] || base64.Length > 256) return false;
        var blob = new byte[base64.Length];
        if (!Convert.TryFromBase64String(base64, blob, out var length) || Convert.ToBase64String(blob, 0, length) != base64) return false;
        var reader = new SshWireReader(blob.AsSpan(0, length));
        return reader.TryReadString(out var named) && named.SequenceEqual(Encoding.ASCII.GetBytes(type)) && IsBody(type, ref reader) && reader.IsAtEnd;
    }

    private static bool IsBody(string type, ref SshWireReader reader)
    {
        if (type == Ed25519) return reader.TryReadString(out var key) && key.Length == Ed25519Length;
        // RFC 5656 section 3.1: the curve again, and a point without compression.
        if (PointLength(type) is not (> 0 and var length)) return false;
        return reader.TryReadString(out var curve) && curve.SequenceEqual(Encoding.ASCII.GetBytes(type[EcdsaStart.Length..]))
            && reader.TryReadString(out var point) && point.Length == length && point[0] == 4;
    }

    private static int PointLength(string type) => type switch
    {
        EcdsaStart + "nistp256" => 1 + (2 * 32),
        EcdsaStart + "nistp384" => 1 + (2 * 48),
        EcdsaStart + "nistp521" => 1 + (2 * 66),
        _ => 0,
    };
}
