namespace WaltVpn.ImageBuilder.Archives;

/// <summary>
/// How large an archive may be that this program reads (docs/security.md IMG-1). A Debian kernel has some 5,000 entries in 400 MB, packed to a sixth.
/// </summary>
internal static class ArchiveLimits
{
    public const int MaxEntries = 100_000;

    /// <summary>Bytes of a path, as the kernel has it (PATH_MAX), and of one of its parts (NAME_MAX).</summary>
    public const int MaxPath = 4096;
    public const int MaxName = 255;

    /// <summary>Bytes, unfolded.</summary>
    public const long MaxBytes = 1L << 30;

    /// <summary>Unfolded bytes per packed byte. Text packs to a twentieth; zeros, which attackers use, to a thousandth.</summary>
    public const long MaxRatio = 100;

    /// <summary>Bytes that any archive may have, since a small one is mostly padding.</summary>
    public const long RatioFloor = 1 << 20;

    /// <summary>What an archive may unfold to.</summary>
    /// <param name="packed">Its size as a compressed file, bytes.</param>
    public static long MaxBytesOf(long packed) => Math.Min(MaxBytes, Math.Max(RatioFloor, Math.Min(packed, MaxBytes) * MaxRatio));
}
