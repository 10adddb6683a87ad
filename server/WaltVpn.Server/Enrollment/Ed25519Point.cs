using System.Numerics;

namespace WaltVpn.Server.Enrollment;

/// <summary>Decides whether 32 bytes are a point that a signature can hang on.</summary>
/// <remarks>RFC 8032 section 5.1: p = 2^255 - 19, -x² + y² = 1 + dx²y². A key of small order lets anybody make signatures that verify.</remarks>
internal static class Ed25519Point
{
    private static readonly BigInteger P = BigInteger.Pow(2, 255) - 19;
    private static readonly BigInteger D = Mod(-121665 * Inverse(121666));

    /// <summary>True for a canonically encoded point of the curve whose order is not 1, 2, 4 or 8.</summary>
    /// <param name="encoded">32 bytes: y, little-endian, and the sign of x in the top bit.</param>
    public static bool IsUsable(ReadOnlySpan<byte> encoded)
    {
        Span<byte> bytes = stackalloc byte[32];
        encoded.CopyTo(bytes);
        bytes[31] &= 0x7f;
        var y = new BigInteger(bytes, isUnsigned: true);
        if (y >= P) return false;
        var ySquared = Mod(y * y);
        var xSquared = Mod((ySquared - 1) * Inverse(Mod((D * ySquared) + 1)));
        // Euler's criterion: a square's (p-1)/2-th power is 1. x = 0 is the identity or the point of order 2.
        if (xSquared.IsZero || !BigInteger.ModPow(xSquared, (P - 1) / 2, P).IsOne) return false;
        return !HasSmallOrder(xSquared, ySquared);
    }

    /// <summary>
    /// Doubles three times, on squares of coordinates only: 8P is the identity exactly when 4P has x² = 0, or 2P has y = 0, or P doubles to such a point.
    /// </summary>
    private static bool HasSmallOrder(BigInteger xSquared, BigInteger ySquared)
    {
        for (var doubling = 0; doubling < 3; doubling++)
        {
            if (xSquared.IsZero || ySquared.IsZero) return true;
            // Addition law with both points equal: x' = 2xy / (1 + dx²y²), y' = (y² + x²) / (1 - dx²y²).
            var product = Mod(D * xSquared * ySquared);
            var nextX = Mod(4 * xSquared * ySquared * Inverse(Mod((1 + product) * (1 + product))));
            var sum = Mod(ySquared + xSquared);
            var nextY = Mod(sum * sum * Inverse(Mod((1 - product) * (1 - product))));
            (xSquared, ySquared) = (nextX, nextY);
        }

        return xSquared.IsZero;
    }

    private static BigInteger Mod(BigInteger value)
    {
        var rest = value % P;
        return rest.Sign < 0 ? rest + P : rest;
    }

    /// <summary>Fermat: a^(p-2); the inverse of 0 is 0, which no point of the curve asks for.</summary>
    private static BigInteger Inverse(BigInteger value) => BigInteger.ModPow(Mod(value), P - 2, P);
}
