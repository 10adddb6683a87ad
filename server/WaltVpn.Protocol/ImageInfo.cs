namespace WaltVpn.Protocol;

/// <summary>What an image is, as its builder wrote it into the initramfs and as the agent reports it.</summary>
public sealed record ImageInfo
{
    /// <summary>The board, as <c>waltvpn-image --board</c> names it.</summary>
    public required string Board { get; init; }

    /// <summary>Version of the builder; the agent says its own at boot.</summary>
    public required string Version { get; init; }

    /// <summary>When it was built (SOURCE_DATE_EPOCH when set), UTC. No clock can be right that shows an earlier time.</summary>
    public required DateTimeOffset BuildTime { get; init; }

    /// <summary>Kernel release, as <c>uname -r</c> prints it.</summary>
    public required string Kernel { get; init; }

    /// <summary>True in an image for tests, whose agent brings a just-in-time compiler instead of being compiled ahead of time.</summary>
    public bool TestRuntime { get; init; }

    /// <summary>Where it stands in the initramfs.</summary>
    public const string Path = "/etc/waltvpn/image.json";
}
