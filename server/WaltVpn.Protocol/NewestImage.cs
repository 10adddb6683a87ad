using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>The boot image that a server gives a node now (docs/protocol.md "Settings document").</summary>
public sealed record NewestImage
{
    /// <summary>SHA-256 of boot.img, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Of its manifest; absent, like the next: it has none.</summary>
    public long? Epoch { get; init; }

    /// <summary>When it was built: seconds since 1970.</summary>
    public long? Built { get; init; }

    /// <summary>When it was published, by the server's clock: seconds since 1970.</summary>
    public required long Published { get; init; }

    /// <summary>As people call it.</summary>
    [JsonIgnore]
    public string Name => Epoch is { } epoch && Built is { } built ? RunningImage.NameOf(Sha256, epoch, built) : $"{Sha256[..16]}, without manifest";

    /// <summary>Everything is within its range.</summary>
    internal bool IsValid => RunningImage.IsHash(Sha256) && Epoch is null or (>= 0 and <= BootManifest.MaxEpoch)
        && Built is null or (>= 0 and <= RunningImage.MaxTime) && Published is >= 0 and <= RunningImage.MaxTime;
}
