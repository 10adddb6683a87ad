namespace WaltVpn.ImageBuilder;

/// <summary>A foreseen failure: one line of what went wrong, and lines that say what to type or change.</summary>
internal sealed class ImageException : Exception
{
    public ImageException(string message, params IReadOnlyList<string> hints)
        : base(message) => Hints = hints;

    public ImageException(string message, Exception? cause, params IReadOnlyList<string> hints)
        : base(message, cause) => Hints = hints;

    /// <summary>What the operator can do, one line each; may be empty.</summary>
    public IReadOnlyList<string> Hints { get; }

    /// <summary>True when a file system had no room.</summary>
    public bool IsDiskFull { get; init; }

    /// <summary>Exit status of the program, one of <see cref="ImageBuilder.ExitStatus"/>.</summary>
    public int ExitStatus { get; init; } = ImageBuilder.ExitStatus.Failed;
}
