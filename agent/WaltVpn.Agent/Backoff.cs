using WaltVpn.Linux;

namespace WaltVpn.Agent;

/// <summary>How long to wait before the next attempt: 0..1 s at first, then doubling from 1 s to 60 s, plus up to half of it at random.</summary>
/// <remarks>docs/security.md REL-3: a thousand nodes that lost the server together do not return together. Randomness is the system generator's.</remarks>
internal sealed class Backoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    private TimeSpan _base = TimeSpan.Zero;

    /// <summary>The wait before the next attempt.</summary>
    public TimeSpan Next()
    {
        var wait = _base == TimeSpan.Zero ? First * Fraction() : _base * (1 + (Fraction() / 2));
        _base = _base == TimeSpan.Zero ? First : _base * 2 < Longest ? _base * 2 : Longest;
        return wait;
    }

    /// <summary>An attempt worked: begin again with the first wait.</summary>
    public void Reset() => _base = TimeSpan.Zero;

    /// <summary>A time the other side asked for, with its share of randomness.</summary>
    public static TimeSpan AtLeast(TimeSpan asked) => asked * (1 + (Fraction() / 2));

    /// <summary>Any time up to this.</summary>
    public static TimeSpan Within(TimeSpan longest) => longest * Fraction();

    private static double Fraction()
    {
        Span<byte> random = stackalloc byte[sizeof(uint)];
        GetRandom.Fill(random);
        return BitConverter.ToUInt32(random) / (double)(1L << 32);
    }
}
