using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>The boot image that a node runs, as it told, beside what is published for its board (docs/security.md BOOT-4).</summary>
public sealed record NodeImageView
{
    /// <summary>Of its manifest.</summary>
    public required long Epoch { get; init; }

    /// <summary>When it was built.</summary>
    public required DateTimeOffset Built { get; init; }

    /// <summary>SHA-256 of boot.img; null: the board's firmware fetched it, and does not say.</summary>
    public string? Sha256 { get; init; }

    /// <summary>When the node's kernel started with it, by the server's clock.</summary>
    public required DateTimeOffset Started { get; init; }

    /// <summary>What that comes to.</summary>
    public required ImageStanding Standing { get; init; }

    /// <summary>SHA-256 of what its board gets now; null, like the two after it: nothing is published for it.</summary>
    public string? NewestSha256 { get; init; }

    /// <summary>Of its manifest; null: it has none.</summary>
    public long? NewestEpoch { get; init; }

    /// <summary>When it was published.</summary>
    public DateTimeOffset? NewestPublished { get; init; }
}

/// <summary>What it means for a node that it runs the image it runs.</summary>
[JsonConverter(typeof(EnumAsWord<ImageStanding>))]
public enum ImageStanding
{
    /// <summary>It is the one that is published.</summary>
    Current,

    /// <summary>Another one was published after it had started, or so shortly before that it may have asked already: the next start brings it.</summary>
    Older,

    /// <summary>Another one had been published, and it started with this one all the same.</summary>
    Behind,

    /// <summary>It has a higher epoch than what is published: the node refuses that.</summary>
    Ahead,

    /// <summary>Nothing is published, or it cannot be compared.</summary>
    Unknown,
}
