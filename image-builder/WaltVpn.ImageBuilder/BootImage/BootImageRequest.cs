using WaltVpn.ImageBuilder.BootFiles;

namespace WaltVpn.ImageBuilder.BootImage;

/// <summary>What <c>waltvpn-image boot-img</c> was asked for.</summary>
internal sealed record BootImageRequest
{
    /// <summary>What it is made from.</summary>
    public required BuildInputs Inputs { get; init; }

    /// <summary>The private key to sign with; null: no signature is made.</summary>
    public required string? Key { get; init; }

    /// <summary>Of the manifest: a node that came in with it starts no image with a lower number any more.</summary>
    public required long Epoch { get; init; }

    /// <summary>The folder that gets <c>boot.img</c> and <c>boot.sig</c>.</summary>
    public required string Folder { get; init; }

    /// <summary>Write over files of these names.</summary>
    public required bool Force { get; init; }
}
