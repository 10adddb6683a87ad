using System.Globalization;

namespace WaltVpn.ImageBuilder;

/// <summary>SOURCE_DATE_EPOCH: reproducible-builds.org/specs/source-date-epoch.</summary>
internal static class SourceDate
{
    // FAT has no date before 1980 nor after 2107.
    private const long First = 315_532_800;
    private const long Last = 4_291_747_199;

    /// <summary>Seconds since 1970; null when it is not set.</summary>
    /// <exception cref="ImageException">It is no such number.</exception>
    public static long? Read()
    {
        if (Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH") is not { Length: > 0 } text) return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= First and <= Last
            ? seconds
            : throw new ImageException($"SOURCE_DATE_EPOCH is '{text}'; expected whole seconds since 1970, from {First} (1980) to {Last} (2105)",
                "leave it away: unset SOURCE_DATE_EPOCH");
    }
}
