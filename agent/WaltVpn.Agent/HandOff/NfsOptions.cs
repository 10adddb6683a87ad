using System.Globalization;

namespace WaltVpn.Agent.HandOff;

/// <summary>Options of nfs(5) that a platform may set for a node's root. They are foreign text: what is not in the lists is left out.</summary>
/// <param name="Version"><c>vers=</c>: 3, 4, 4.0, 4.1 or 4.2; null: not said.</param>
/// <param name="Port">The server's port; null: not said.</param>
/// <param name="ReadOnly"><c>ro</c> or <c>rw</c>; null: not said.</param>
/// <param name="Data">For mount(2), each preceded by a comma; empty for none.</param>
/// <param name="LeftOut">What was not taken, for the log: printable.</param>
internal sealed record NfsOptions(string? Version, int? Port, bool? ReadOnly, string Data, IReadOnlyList<string> LeftOut)
{
    private const int LongestLeftOut = 40;

    /// <summary>Numbers, with the kernel's ranges. No address is among them: the server is the one that was named, reached through the tunnel.</summary>
    private static readonly Dictionary<string, (uint Least, uint Most)> s_numbers = new(StringComparer.Ordinal)
    {
        ["rsize"] = (1024, 1 << 20),
        ["wsize"] = (1024, 1 << 20),
        ["timeo"] = (1, 6000),
        ["retrans"] = (0, 100),
        ["acregmin"] = (0, 3600),
        ["acregmax"] = (0, 3600),
        ["acdirmin"] = (0, 3600),
        ["acdirmax"] = (0, 3600),
        ["actimeo"] = (0, 3600),
        ["nconnect"] = (1, 16),
        ["mountport"] = (1, 65535),
        ["port"] = (1, 65535),
    };

    private static readonly HashSet<string> s_words = new(StringComparer.Ordinal)
    {
        "hard", "nolock", "ac", "noac", "cto", "nocto", "acl", "noacl", "rdirplus", "nordirplus", "sharecache", "nosharecache",
        "proto=tcp", "mountproto=tcp", "tcp", "sec=sys", "lookupcache=all", "lookupcache=none", "lookupcache=pos", "lookupcache=positive",
    };

    private static readonly string[] s_versions = ["3", "4", "4.0", "4.1", "4.2"];

    /// <summary>No options.</summary>
    public static NfsOptions None { get; } = new(null, null, null, "", []);

    /// <summary>Reads options separated by commas.</summary>
    public static NfsOptions Parse(string text)
    {
        var (options, data, leftOut) = (None, "", new List<string>());
        foreach (var word in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (word, "") : (word[..equals], word[(equals + 1)..]);
            if (VersionIn(word, name, value) is { } version) options = options with { Version = version };
            else if (word is "ro" or "rw") options = options with { ReadOnly = word == "ro" };
            else if (s_words.Contains(word) || IsNumber(name, value)) data += $",{word}";
            else leftOut.Add(Printable(word));
            if (name == "port" && IsNumber(name, value)) options = options with { Port = int.Parse(value, CultureInfo.InvariantCulture) };
        }

        return options with { Data = data, LeftOut = leftOut };
    }

    /// <summary>Foreign text for a log line: printable ASCII, cut where it is long.</summary>
    public static string Printable(string text) => new([.. text.Take(LongestLeftOut).Select(c => c is >= ' ' and <= '~' ? c : '?')]);

    private static string? VersionIn(string word, string name, string value)
    {
        var version = name is "vers" or "nfsvers" ? value : word.StartsWith('v') ? word[1..] : "";
        return s_versions.Contains(version) ? version : null;
    }

    private static bool IsNumber(string name, string value) =>
        s_numbers.TryGetValue(name, out var range)
        && uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= range.Least && number <= range.Most;
}
