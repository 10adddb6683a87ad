using System.Globalization;
using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>The boot image that a node's system was started from, as the node tells it (docs/protocol.md "Reports").</summary>
public sealed record RunningImage
{
    /// <summary>The end of dates, 9999-12-31, seconds since 1970.</summary>
    internal const long MaxTime = 253_402_300_799;

    private const int HashLength = 64;

    /// <summary>Of its manifest: 0..<see cref="BootManifest.MaxEpoch"/>.</summary>
    public required long Epoch { get; init; }

    /// <summary>When it was built, by its manifest: seconds since 1970.</summary>
    public required long Built { get; init; }

    /// <summary>SHA-256 of boot.img, lower-case hexadecimal; absent: the board's firmware fetched it, and does not say.</summary>
    public string? Sha256 { get; init; }

    /// <summary>As people call it.</summary>
    [JsonIgnore]
    public string Name => NameOf(Sha256, Epoch, Built);

    /// <summary>Everything is within its range.</summary>
    [JsonIgnore]
    public bool IsValid => Epoch is >= 0 and <= BootManifest.MaxEpoch && Built is >= 0 and <= MaxTime && (Sha256 is null || IsHash(Sha256));

    /// <summary>How it stands to the one that the server would give the node now. Decides only.</summary>
    public ImageAge Against(NewestImage newest)
    {
        if (Sha256 == newest.Sha256) return ImageAge.Current;
        if (newest is not { Epoch: { } epoch, Built: { } built }) return Sha256 is null ? ImageAge.Unknown : ImageAge.Superseded;
        if (Epoch != epoch) return Epoch < epoch ? ImageAge.Superseded : ImageAge.Ahead;
        // Two images of one epoch: the server's is the one that counts. Without a hash the time of building tells them apart.
        return Sha256 is null && Built == built ? ImageAge.Current : ImageAge.Superseded;
    }

    internal static bool IsHash(string text) => text.Length == HashLength && text.All(char.IsAsciiHexDigitLower);

    internal static string NameOf(string? hash, long epoch, long built) => string.Create(
        CultureInfo.InvariantCulture, $"{(hash is null ? "" : $"{hash[..16]}, ")}epoch {epoch}, built {DateTimeOffset.FromUnixTimeSeconds(built):u}");
}

/// <summary>How the image that a node runs stands to the newest one.</summary>
public enum ImageAge
{
    /// <summary>It is that one.</summary>
    Current,

    /// <summary>It is another one, of no higher epoch.</summary>
    Superseded,

    /// <summary>It is of a higher epoch.</summary>
    Ahead,

    /// <summary>Neither hash nor epoch can be compared.</summary>
    Unknown,
}
