namespace WaltVpn.Protocol;

/// <summary>What a board boots over HTTP: <c>boot.img</c> and, beside it, <c>boot.sig</c> (docs/protocol.md "Boot files").</summary>
public static class BootFiles
{
    /// <summary>Most bytes of a boot.img; what the boards' firmware is documented to take.</summary>
    public const int MaxImageSize = 96 * 1024 * 1024;

    /// <summary>Request header of a publication: the text of boot.sig, base64.</summary>
    public const string SignatureHeader = "Waltvpn-Signature";

    /// <summary>The boards there are images for, and how their models begin; the longer beginning first.</summary>
    private static readonly (string Board, string Model)[] Models =
    [
        ("rpi-5-b", "Raspberry Pi 5"),
        ("rpi-4-b", "Raspberry Pi 4"),
        // With Debian's device tree, and with the vendor's.
        ("rpi-3-b-plus", "Raspberry Pi 3 Model B+"),
        ("rpi-3-b-plus", "Raspberry Pi 3 Model B Plus"),
        ("qemu-x64", "WaltVpn virtual board"),
    ];

    /// <summary>Names of all boards.</summary>
    public static IEnumerable<string> Boards => Models.Select(entry => entry.Board).Distinct();

    /// <summary>The board of a model; null when there is no image for it.</summary>
    /// <param name="model">As <c>/proc/device-tree/model</c> or the firmware's tables say it.</param>
    public static string? BoardOf(string model) => Models.FirstOrDefault(entry => model.StartsWith(entry.Model, StringComparison.Ordinal)).Board;
}

/// <summary>A published pair of boot.img and boot.sig.</summary>
public sealed record BootPairView
{
    /// <summary>Which boards boot it, e.g. <c>rpi-5-b</c>.</summary>
    public required string Board { get; init; }

    /// <summary>SHA-256 of boot.img, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes of boot.img.</summary>
    public required long Size { get; init; }

    /// <summary>Of its manifest; null: it has none, or it was published by a server that did not look.</summary>
    public long? Epoch { get; init; }

    /// <summary>When it was signed, by the signer's clock.</summary>
    public required DateTimeOffset SignedAt { get; init; }

    /// <summary>When it was published.</summary>
    public required DateTimeOffset PublishedAt { get; init; }

    /// <summary>Who published it.</summary>
    public required string PublishedBy { get; init; }

    /// <summary>It is what boards get now.</summary>
    public required bool Current { get; init; }
}
