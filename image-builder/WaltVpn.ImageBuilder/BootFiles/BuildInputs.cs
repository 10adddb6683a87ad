using WaltVpn.ImageBuilder.Boards;

namespace WaltVpn.ImageBuilder.BootFiles;

/// <summary>What every image is made from.</summary>
internal sealed record BuildInputs
{
    public required Board Board { get; init; }

    /// <summary>The agent's program file.</summary>
    public required string Agent { get; init; }

    /// <summary>The agent is a test host: it brings a just-in-time compiler.</summary>
    public required bool TestRuntime { get; init; }

    /// <summary>Where the packages are recorded, or were.</summary>
    public required string Lock { get; init; }

    /// <summary>Take the recorded packages, not the current ones.</summary>
    public required bool Locked { get; init; }

    /// <summary>Kept between builds: package lists and packages.</summary>
    public required string Cache { get; init; }

    /// <summary>Of Debian's archive.</summary>
    public required string? Mirror { get; init; }

    /// <summary>SOURCE_DATE_EPOCH, seconds since 1970; null: the newest date of the files taken from the packages.</summary>
    public required long? SourceDateEpoch { get; init; }
}
