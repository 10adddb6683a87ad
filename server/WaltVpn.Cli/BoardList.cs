using System.Text;
using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary>A CSV file of boards (RFC 4180, without line breaks in a field): a head that names the columns, then a board per line.</summary>
/// <remarks><code>
///   serial,mac,key,name,tags
///   10000000abcdef01,,,roof-north,lab lyon
/// </code>Columns may stand in any order and be left out; tags have spaces between them.</remarks>
internal static class BoardList
{
    private static readonly string[] s_columns = ["serial", "mac", "key", "name", "tags"];

    /// <summary>Reads the text of a file. What the fields say is the server's to judge.</summary>
    /// <exception cref="CliException">It has not this form; the message names every wrong line.</exception>
    public static IReadOnlyList<ExpectedBoard> Read(string text)
    {
        var lines = text.TrimStart('\ufeff').Split('\n').Select((line, index) => (Number: index + 1, Text: line.TrimEnd('\r')))
            .Where(line => line.Text.Trim().Length > 0 && line.Text[0] != '#').ToList();
        if (lines.Count == 0) throw Wrong(["it is empty"]);
        var head = (Fields(lines[0].Text) ?? []).Select(name => name.Trim().ToLowerInvariant()).ToList();
        if (head.Count == 0 || head.Except(s_columns).Any() || head.Distinct().Count() != head.Count)
            throw Wrong([$"line {lines[0].Number}: the first line names the columns, each once, of: {string.Join(',', s_columns)}"]);
        if (lines.Count == 1) throw Wrong(["it names no board"]);
        List<string> faults = [];
        List<ExpectedBoard> boards = [];
        foreach (var (number, line) in lines.Skip(1))
        {
            if (Fields(line) is not { } fields) faults.Add($"line {number}: a quote is not closed, or stands inside a field");
            else if (fields.Count != head.Count) faults.Add($"line {number}: {fields.Count} fields, the first line names {head.Count}");
            else boards.Add(Board(number, head, fields));
        }

        return faults.Count == 0 ? boards : throw Wrong(faults);
    }

    private static ExpectedBoard Board(int line, List<string> head, List<string> fields)
    {
        string? Field(string name) => head.IndexOf(name) is >= 0 and var column && fields[column].Trim() is { Length: > 0 } text ? text : null;
        return new ExpectedBoard
        {
            Line = line,
            Serial = Field("serial"),
            Mac = Field("mac"),
            // ssh-keygen writes a comment behind it.
            Key = Field("key") is { } key ? string.Join(' ', key.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(2)) : null,
            Name = Field("name"),
            Tags = (Field("tags") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
        };
    }

    /// <summary>Null when the quotes do not fit.</summary>
    private static List<string>? Fields(string line)
    {
        List<string> fields = [];
        var rest = line;
        while (true)
        {
            if (rest.StartsWith('"'))
            {
                var field = new StringBuilder();
                var at = 1;
                for (; at < rest.Length; at++)
                {
                    if (rest[at] != '"') field.Append(rest[at]);
                    else if (at + 1 < rest.Length && rest[at + 1] == '"') field.Append(rest[at++]);
                    else break;
                }

                if (at >= rest.Length || (at + 1 < rest.Length && rest[at + 1] != ',')) return null;
                fields.Add(field.ToString());
                if (at + 1 == rest.Length) return fields;
                rest = rest[(at + 2)..];
                continue;
            }

            var comma = rest.IndexOf(',', StringComparison.Ordinal);
            var plain = comma < 0 ? rest : rest[..comma];
            if (plain.Contains('"', StringComparison.Ordinal)) return null;
            fields.Add(plain);
            if (comma < 0) return fields;
            rest = rest[(comma + 1)..];
        }
    }

    private static CliException Wrong(IReadOnlyList<string> faults) => new(ExitCode.Usage, $"the list cannot be taken over: {string.Join("; ", faults)}. Nothing was taken over.");
}
