using Microsoft.Data.Sqlite;
using WaltVpn.Protocol;
using WaltVpn.Server.Enrollment;
using WaltVpn.Server.Nodes;

namespace WaltVpn.Server.Expected;

/// <summary>What is wrong with a list of boards to be expected, line by line. Nothing of a list is taken that has a wrong line.</summary>
internal static class ExpectedCheck
{
    /// <summary>Looks at all of them.</summary>
    /// <returns><c>line N: what is wrong</c>, in order; empty when all can be expected.</returns>
    public static IReadOnlyList<string> Faults(SqliteConnection db, IReadOnlyList<ExpectedBoard> boards)
    {
        var (waiting, nodes) = (ExpectedTable.Waiting(db), NodeTable.All(db, forgotten: false));
        List<string> faults = [];
        Dictionary<string, int> seen = new(StringComparer.Ordinal);
        foreach (var board in boards)
        {
            if ((Form(board) ?? Standing(db, board, waiting, nodes) ?? Twice(board, seen)) is { } fault) faults.Add($"line {board.Line}: {fault}");
        }

        return faults;
    }

    private static string? Form(ExpectedBoard board)
    {
        var given = new[] { board.Serial, board.Mac, board.Key }.Count(text => text is not null);
        if (given != 1) return given == 0 ? "names no board: one of serial, mac and key is needed" : "names a board in more than one way: serial, mac or key";
        if (board.Serial is { } serial && !(serial.Length is > 0 and <= 64 && serial.All(c => char.IsAsciiLetterOrDigit(c) || c == '-')))
            return "the serial number is not 1 to 64 characters of A-Z, a-z, 0-9 and hyphen";
        if (board.Mac is { } mac && !MacAddress.TryParse(mac, out _)) return "the MAC address is not six pairs of hexadecimal digits, like b8:27:eb:01:02:03";
        if (board.Key is { } line && !NodePublicKey.TryParse(line, out _, out var refusal)) return $"the key cannot be used: {refusal}";
        if (board.Name is { } name && !NodeName.IsValid(name)) return NodeName.Rule;
        return board.Tags.All(EnrollmentToken.IsTag) ? null : EnrollmentToken.TagRule;
    }

    private static string? Standing(SqliteConnection db, ExpectedBoard board, IReadOnlyList<ExpectedRow> waiting, IReadOnlyList<NodeRow> nodes)
    {
        if (waiting.Any(other => Same(other.Serial, board.Serial) || Same(other.Mac, Canonical(board.Mac)) || Same(other.PublicKey, board.Key)))
            return "this board is expected already: waltvpn node expected list";
        if (board.Name is { } name && (NodeTable.OfName(db, name) is not null || waiting.Any(other => other.Name == name))) return $"the name {name} is taken";
        var node = board.Key is { } line && NodePublicKey.TryParse(line, out var key, out _)
            ? NodeTable.OfKey(db, key)
            : nodes.FirstOrDefault(other => Same(other.ClaimSerial, board.Serial) || Same(other.ClaimMac, Canonical(board.Mac)));
        return node is null ? null : $"this board is known: {node.DisplayName}, {node.State}";
    }

    private static string? Twice(ExpectedBoard board, Dictionary<string, int> seen)
    {
        foreach (var text in (string?[])[board.Serial, Canonical(board.Mac), board.Key, board.Name is null ? null : $"name {board.Name}"])
        {
            if (text is not null && !seen.TryAdd(text, board.Line)) return $"says the same as line {seen[text]}";
        }

        return null;
    }

    private static bool Same(string? known, string? asked) => asked is not null && known == asked;

    private static string? Canonical(string? mac) => mac is not null && MacAddress.TryParse(mac, out var address) ? address.ToString() : null;
}
