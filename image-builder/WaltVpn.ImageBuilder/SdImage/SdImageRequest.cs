using WaltVpn.ImageBuilder.BootFiles;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>What <c>waltvpn-image sd</c> was asked for.</summary>
internal sealed record SdImageRequest
{
    /// <summary>What it is made from.</summary>
    public required BuildInputs Inputs { get; init; }

    /// <summary>The settings file, YAML or a card's JSON.</summary>
    public required string Settings { get; init; }

    /// <summary>The image to make.</summary>
    public required string Output { get; init; }

    /// <summary>Write over an image of the same name.</summary>
    public required bool Force { get; init; }
}
