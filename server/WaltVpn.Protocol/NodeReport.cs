using System.Text.Json.Serialization;

namespace WaltVpn.Protocol;

/// <summary>
/// What a node tells of one boot, a part at a time: how far it came, and the next lines of its log. Data, whatever it says: docs/protocol.md "Reports".
/// </summary>
public sealed record NodeReport
{
    /// <summary>Most lines of one report.</summary>
    public const int MostLines = 200;

    /// <summary>Most stages of a boot.</summary>
    public const int MostStages = 16;

    /// <summary>Longest text, characters.</summary>
    public const int LongestText = 900;

    private const int BootLength = 32;
    private const int LongestWord = 20;
    private const long Most = 1L << 53;

    /// <summary>Which boot: 32 lower-case hexadecimal digits, drawn by the kernel at its start.</summary>
    public required string Boot { get; init; }

    /// <summary>Of this report; the answer, <see cref="TunnelControl.ReportKept"/>, has the same.</summary>
    public required long Number { get; init; }

    /// <summary>Milliseconds since the kernel started; absent: the boot is an earlier one that never came as far as this server.</summary>
    public long? Now { get; init; }

    /// <summary>The boot image that this system was started from; absent: it is what the card itself holds.</summary>
    public RunningImage? Image { get; init; }

    /// <summary>All stages so far, in order; empty: as told before.</summary>
    // Generated code sets what is absent to null.
    public IReadOnlyList<StageReport> Stages { get; init => field = value ?? []; } = [];

    /// <summary>The next lines, in order of their numbers.</summary>
    public IReadOnlyList<NodeLogLine> Lines { get; init => field = value ?? []; } = [];

    /// <summary>Everything is within its range, and every text is printable ASCII.</summary>
    [JsonIgnore]
    public bool IsValid =>
        Boot.Length == BootLength && Boot.All(char.IsAsciiHexDigitLower) && IsCount(Number) && IsCount(Now ?? 0) && Image is null or { IsValid: true }
        && Stages.Count <= MostStages && Stages.All(IsValidStage)
        && Lines.Count <= MostLines && Lines.All(IsValidLine) && Lines.Zip(Lines.Skip(1)).All(pair => pair.First.Number < pair.Second.Number);

    /// <summary>A text as reports take it: other characters become question marks, and what is too long is cut.</summary>
    public static string Plain(string text)
    {
        var rest = text.Length > LongestText ? text[..LongestText] : text;
        return rest.All(IsPlain) ? rest : string.Concat(rest.Select(c => IsPlain(c) ? c : '?'));
    }

    // A list of JSON may hold null, whatever its type says.
    private static bool IsValidStage(StageReport? stage) => stage is not null
        && IsWord(stage.Stage) && IsCount(stage.At) && IsCount(stage.Took ?? 0) && IsCount(stage.Tries) && IsText(stage.Why ?? "");

    private static bool IsValidLine(NodeLogLine? line) => line is not null
        && IsCount(line.Number) && IsCount(line.At) && IsWord(line.Stage) && IsText(line.Text);

    private static bool IsCount(long value) => value is >= 0 and <= Most;

    private static bool IsWord(string text) => text.Length is > 0 and <= LongestWord && text.All(char.IsAsciiLetter);

    private static bool IsText(string text) => text.Length <= LongestText && text.All(IsPlain);

    private static bool IsPlain(char c) => c is >= ' ' and <= '~';
}

/// <summary>One stage of a boot.</summary>
public sealed record StageReport
{
    /// <summary>Its name, e.g. <c>network</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>Where it stands.</summary>
    public required StageOutcome Outcome { get; init; }

    /// <summary>When it began, milliseconds since the kernel started.</summary>
    public required long At { get; init; }

    /// <summary>Milliseconds; absent while it is under way.</summary>
    public long? Took { get; init; }

    /// <summary>Attempts so far, 1 when the first one worked or still runs.</summary>
    public required long Tries { get; init; }

    /// <summary>Why the last attempt that failed did; absent when none has.</summary>
    public string? Why { get; init; }
}

/// <summary>Where a stage of a boot stands.</summary>
[JsonConverter(typeof(EnumAsWord<StageOutcome>))]
public enum StageOutcome
{
    /// <summary>Passed.</summary>
    Done,

    /// <summary>The boot is in it.</summary>
    UnderWay,

    /// <summary>The boot ended in it.</summary>
    Failed,
}

/// <summary>One line of a node's log.</summary>
public sealed record NodeLogLine
{
    /// <summary>Rises through the boot; a gap is a line that nobody kept.</summary>
    public required long Number { get; init; }

    /// <summary>Milliseconds since the kernel started.</summary>
    public required long At { get; init; }

    /// <summary>Of which stage it speaks.</summary>
    public required string Stage { get; init; }

    /// <summary>Something failed, or needs a person.</summary>
    public bool Warning { get; init; }

    /// <summary>What is said.</summary>
    public required string Text { get; init; }
}

/// <summary>A report as the hub heard it through a node's tunnel.</summary>
/// <param name="NodeId">By whose tunnel: the daemon's word at login, not the node's.</param>
/// <param name="Report">What was said.</param>
public sealed record HeardReport(string NodeId, NodeReport Report);

/// <summary>A boot of a node, as the operator sees it.</summary>
public sealed record NodeBootView
{
    /// <summary>Which: 32 hexadecimal digits.</summary>
    public required string Boot { get; init; }

    /// <summary>When its kernel started, by the server's clock; null: it never reached the server, and nobody knows.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When the server heard of it last.</summary>
    public required DateTimeOffset Heard { get; init; }

    /// <summary>Its stages, in order.</summary>
    public required IReadOnlyList<StageReport> Stages { get; init; }
}

/// <summary>Lines of a node's log, as the operator sees them.</summary>
public sealed record NodeLogView
{
    /// <summary>Of which boot.</summary>
    public required NodeBootView Boot { get; init; }

    /// <summary>In order.</summary>
    public required IReadOnlyList<NodeLogLine> Lines { get; init; }
}

/// <summary>How long a node is to blink.</summary>
public sealed record BlinkOrder
{
    /// <summary>Shortest time, seconds.</summary>
    public const int Least = 1;

    /// <summary>Longest time, seconds.</summary>
    public const int Most = 3600;

    /// <summary>Seconds, <see cref="Least"/>..<see cref="Most"/>.</summary>
    public required int Seconds { get; init; }
}
