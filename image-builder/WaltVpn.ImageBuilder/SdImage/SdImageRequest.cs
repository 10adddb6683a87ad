using WaltVpn.ImageBuilder.BootFiles;

namespace WaltVpn.ImageBuilder.SdImage;

/// <summary>What <c>waltvpn-image sd</c> was asked for.</summary>
internal sealed record SdImageRequest
{
    /// <summary>What it is made from.</summary>
    public required BuildInputs Inputs { get; init; }

    /// <summary>The settings file, YAML or a card's JSON.</summary>
    public required string Settings { get; init; }

    /// <summary>The file to make; <see cref="ImageCompression.FileName"/> when it is compressed.</summary>
    public required string Output { get; init; }

    /// <summary>Size in MiB, a power of two; null: the board's own.</summary>
    public required int? Mebibytes { get; init; }

    /// <summary>How the file is compressed; null: it is the image as it is.</summary>
    public required ImageCompression? Compression { get; init; }

    /// <summary>Write over an image of the same name.</summary>
    public required bool Force { get; init; }
}
