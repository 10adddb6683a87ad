using System.Globalization;

namespace WaltVpn.Agent.BootFiles;

/// <summary>Whether an image of earlier is started when no server says that it is the newest.</summary>
/// <param name="Longest">How long ago the server must have said so at most; null: never without it.</param>
/// <remarks>
/// The setting <c>bootCache</c>, <c>never</c> or <c>stale-ok:DAYS</c>, 0..36500. A board without a clock that runs on is never later than its last start
/// with a server, so that on a Raspberry Pi the number of days hardly ever ends.
/// </remarks>
internal sealed record CachePolicy(TimeSpan? Longest)
{
    private const string StaleOk = "stale-ok:";
    private const int MaxDays = 36_500;

    /// <summary>What stands for it when it is not set: <c>stale-ok:365</c>.</summary>
    public static readonly CachePolicy Default = new(TimeSpan.FromDays(365));

    /// <summary>Reads the setting; null: it is none of the two.</summary>
    public static CachePolicy? Parse(string? text) => text switch
    {
        null => Default,
        "never" => new CachePolicy(Longest: null),
        _ when text.StartsWith(StaleOk, StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(StaleOk.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var days)
            && days <= MaxDays => new CachePolicy(TimeSpan.FromDays(days)),
        _ => null,
    };

    /// <summary>True when an image may be started without a word of the server.</summary>
    /// <param name="named">When the server last named it.</param>
    public bool Allows(DateTimeOffset named, DateTimeOffset now) => Longest is { } longest && now - named <= longest;
}
