using System.Security.Cryptography;

namespace WaltVpn.Server.Enrollment;

/// <summary>Decides whether bytes are a public key on the curve P-384 in the one form SSH uses.</summary>
/// <remarks>RFC 5656 section 3.1; SEC 1 section 2.3.3, uncompressed. The curve's order is prime: a point on it has no small order.</remarks>
internal static class P384Point
{
    /// <summary>Bytes of an uncompressed point: 0x04, x, y.</summary>
    public const int Length = 1 + (2 * CoordinateLength);

    private const int CoordinateLength = 48;
    private const byte Uncompressed = 0x04;

    /// <summary>True for an uncompressed point of the curve with both coordinates below the prime.</summary>
    public static bool IsUsable(ReadOnlySpan<byte> encoded)
    {
        if (encoded.Length != Length || encoded[0] != Uncompressed) return false;
        try
        {
            using var key = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP384,
                Q = new ECPoint { X = encoded[1..(1 + CoordinateLength)].ToArray(), Y = encoded[(1 + CoordinateLength)..].ToArray() },
            });
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
