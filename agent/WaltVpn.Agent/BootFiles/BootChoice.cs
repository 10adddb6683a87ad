namespace WaltVpn.Agent.BootFiles;

/// <summary>What a start is for: images to start, the best first, and why. None: the card's own system goes on.</summary>
/// <param name="Images">SHA-256 of each; the one after is taken when one is damaged on the card.</param>
/// <param name="Because">For the log.</param>
internal sealed record BootChoice(IReadOnlyList<string> Images, string Because)
{
    /// <summary>Starts of an image before it counts as no good: one that failed for another reason, a pulled plug, gets another chance.</summary>
    public const int MostTries = 3;

    /// <summary>Starts in a row that may not come in until the other image is started first.</summary>
    public const int OtherAfter = 3;

    /// <summary>Starts in a row that may not come in until the card's own system runs: it cannot be made unusable over the network.</summary>
    public const int OwnAfter = 6;

    /// <summary>Decides. No input, no output.</summary>
    /// <param name="record">What happened before.</param>
    /// <param name="named">The image that the server names, whole on the card or to be had; null: it names none.</param>
    /// <param name="now">By the node's clock.</param>
    public static BootChoice Of(BootRecord record, string? named, CachePolicy policy, DateTimeOffset now)
    {
        if (named is not null && !record.Good.Contains(named))
        {
            if (record.Tried != named) return new BootChoice([named, .. Known(record)], "the server's image is new");
            if (record.TriedLast) return Fallback(record, $"the server's image was started, for the {Ordinal(record.Tries)} time, and did not come in");
            return record.Tries < MostTries
                ? new BootChoice([named, .. Known(record)], $"the server's image did not come in when it was started; try {record.Tries + 1} of {MostTries}")
                : Fallback(record, $"the server's image was started {MostTries} times and never came in; publish another one");
        }

        if (record.Good.Count == 0) return new BootChoice([], "there is no image in the cache");
        if (record.InVain >= OwnAfter) return new BootChoice([], $"the images in the cache were started {record.InVain} times in a row and did not come in");
        if (named is not null) return new BootChoice([named, .. Known(record).Where(image => image != named)], "it is the server's newest");
        return policy.Allows(DateTimeOffset.FromUnixTimeSeconds(record.NamedAt), now)
            ? Fallback(record, "the server names none")
            : new BootChoice([], "the server names none, and bootCache allows none of earlier");
    }

    private static BootChoice Fallback(BootRecord record, string because) =>
        record.InVain >= OwnAfter ? new BootChoice([], because) : new BootChoice(Known(record), because);

    /// <summary>Those that came in, in the order in which they are started.</summary>
    private static IReadOnlyList<string> Known(BootRecord record) => record.InVain >= OtherAfter ? [.. record.Good.Reverse()] : record.Good;

    private static string Ordinal(int number) => number switch { 1 => "first", 2 => "second", _ => "last" };
}
