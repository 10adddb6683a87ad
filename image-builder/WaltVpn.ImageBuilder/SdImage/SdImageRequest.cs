using WaltVpn.ImageBuilder.Boards;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>What <c>waltvpn-image sd</c> was asked for.</summary>
internal sealed record SdImageRequest
{
    public required Board Board { get; init; }

    /// <summary>The settings file, YAML or a card's JSON.</summary>
    public required string Settings { get; init; }

    /// <summary>The image to make.</summary>
    public required string Output { get; init; }

    /// <summary>The agent's program file.</summary>
    public required string Agent { get; init; }

    /// <summary>Where the packages are recorded, or were.</summary>
    public required string Lock { get; init; }

    /// <summary>Take the recorded packages, not the current ones.</summary>
    public required bool Locked { get; init; }

    /// <summary>Kept between builds: package lists and packages.</summary>
    public required string Cache { get; init; }

    /// <summary>Write over an image of the same name.</summary>
    public required bool Force { get; init; }

    /// <summary>SOURCE_DATE_EPOCH, seconds since 1970; null: the newest date of the files taken from the packages.</summary>
    public required long? SourceDateEpoch { get; init; }
}
