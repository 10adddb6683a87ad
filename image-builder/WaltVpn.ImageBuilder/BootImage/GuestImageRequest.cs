namespace WaltVpn.ImageBuilder.BootImage;

/// <summary>What <c>waltvpn-image guest-img</c> was asked for.</summary>
internal sealed record GuestImageRequest
{
    /// <summary>For the manifest: which virtual machines boot it.</summary>
    public required string Kind { get; init; }

    /// <summary>File.</summary>
    public required string Kernel { get; init; }

    /// <summary>File.</summary>
    public required string Initramfs { get; init; }

    /// <summary>The kernel's.</summary>
    public required string CommandLine { get; init; }

    /// <summary>The private key to sign with.</summary>
    public required string Key { get; init; }

    /// <summary>Of the manifest.</summary>
    public required long Epoch { get; init; }

    /// <summary>The folder that gets <c>boot.img</c> and <c>boot.sig</c>.</summary>
    public required string Folder { get; init; }

    /// <summary>Write over files of these names.</summary>
    public required bool Force { get; init; }
}
