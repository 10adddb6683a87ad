using System.Text;

namespace WaltVpn.Eeprom;

/// <summary>A bootloader configuration, <c>bootconf.txt</c>. It never changes: an edit gives another one, and leaves every line alone that it is
/// not about: comments, order, sections, names it does not know, line ends.</summary>
/// <remarks>docs/eeprom.md "The configuration". Bytes above 127 stay what they are: one character here is one byte there.</remarks>
public sealed class BootConfig
{
    private const string Unconditional = "[all]";
    private const string ConfigTxt = "[config.txt]";

    private readonly List<BootConfigLine> _lines;

    private BootConfig(List<BootConfigLine> lines) => _lines = lines;

    /// <summary>A configuration without any line.</summary>
    public static BootConfig Empty { get; } = new([]);

    /// <summary>Reads a configuration; every text is one.</summary>
    /// <exception cref="EepromException">It holds a NUL byte, which no text has.</exception>
    public static BootConfig Parse(ReadOnlySpan<byte> content)
    {
        if (content.IndexOf((byte)0) is >= 0 and var nul)
        {
            throw new EepromException(
                EepromFault.BadConfig, $"the configuration is no text: byte {nul} is zero; make it with an editor, or take it from another image");
        }

        return new BootConfig(Classify(SplitLines(Encoding.Latin1.GetString(content))));
    }

    /// <summary>In the order of the file.</summary>
    public IReadOnlyList<BootConfigLine> Lines => _lines;

    /// <summary>The bytes that go into the image.</summary>
    public byte[] ToBytes() => Encoding.Latin1.GetBytes(string.Concat(_lines.Select(line => line.Text + line.End)));

    /// <summary>The value that a variable has on every board; null when it has none. Of several the last counts.</summary>
    public string? Find(string name) => _lines.LastOrDefault(line => line.IsUnconditional && line.Name == name)?.Value;

    /// <summary>The lines that give a variable another value on some boards or at some boots.</summary>
    public IEnumerable<BootConfigLine> FindConditional(string name) =>
        _lines.Where(line => line.Kind == BootConfigLineKind.Variable && line.Name == name && !line.IsUnconditional);

    /// <summary>The same configuration with a variable set for all boards: at its place when it has one, else at the end of the last <c>[all]</c>.</summary>
    /// <exception cref="EepromException">It cannot be written, or the bootloader would not take it.</exception>
    public BootConfig With(string name, string value)
    {
        BootVariables.Check(name, value);
        var text = $"{name}={value}";
        var last = _lines.FindLastIndex(line => line.IsUnconditional && line.Name == name);
        var lines = new List<(string Text, string End)>();
        for (var i = 0; i < _lines.Count; i++)
        {
            if (i == last) lines.Add((text, _lines[i].End));
            else if (!(_lines[i].IsUnconditional && _lines[i].Name == name)) lines.Add((_lines[i].Text, _lines[i].End));
        }

        if (last < 0) Insert(lines, text);
        return new BootConfig(Classify(lines));
    }

    /// <summary>The same configuration without the lines that set a variable for all boards. Lines in other sections stay.</summary>
    public BootConfig Without(string name) =>
        new(Classify(_lines.Where(line => !(line.IsUnconditional && line.Name == name)).Select(line => (line.Text, line.End))));

    /// <summary>What the bootloader will silently take for something else, in the order of the lines.</summary>
    public IReadOnlyList<BootConfigProblem> FindProblems()
    {
        var problems = new List<BootConfigProblem>();
        for (var i = 0; i < _lines.Count; i++)
        {
            var line = _lines[i];
            if (line.Kind == BootConfigLineKind.Other)
            {
                problems.Add(new(i + 1, "is neither NAME=VALUE, # comment nor [section]; the bootloader ignores it", IsError: false));
            }

            if (line.Kind != BootConfigLineKind.Variable) continue;
            if (BootVariables.RefuseValue(line.Name, line.Value) is { } reason) problems.Add(new(i + 1, $"{line.Name} {reason}", IsError: true));
            if (line.IsUnconditional && i < _lines.FindLastIndex(other => other.IsUnconditional && other.Name == line.Name))
            {
                problems.Add(new(i + 1, $"{line.Name} is set again below; the last one counts", IsError: false));
            }
        }

        return problems;
    }

    /// <summary>The whole text for people to read: what may be secret is three stars, in comments too.</summary>
    public string WithoutSecrets() => string.Concat(_lines.Select(line => WithoutSecrets(line) + "\n"));

    internal static string WithoutSecrets(BootConfigLine line)
    {
        // Such a line may be a part of a value that was broken in two; base64 may end in = or ==.
        if (line.Kind == BootConfigLineKind.Other || (line.Value is "" or "=" && line.Name.Any(char.IsAsciiLetterLower))) return "***";
        var sign = line.Text.IndexOf('=', StringComparison.Ordinal);
        var text = sign >= 0 && BootVariables.IsSecret(line.Text[..sign]) ? $"{line.Text[..(sign + 1)]}***" : line.Text;
        return string.Concat(text.Select(c => c is >= ' ' and <= '~' or '\t' ? c : '?'));
    }

    /// <summary>After the last unconditional variable or <c>[all]</c>; where there is none, in a new <c>[all]</c> before <c>[config.txt]</c>.</summary>
    private void Insert(List<(string Text, string End)> lines, string text)
    {
        var end = _lines.FindIndex(line => line is { Kind: BootConfigLineKind.Section, Text: ConfigTxt });
        if (end < 0) end = _lines.Count;
        var newLine = _lines.Count > 0 && _lines[0].End == "\r\n" ? "\r\n" : "\n";
        var home = _lines.FindLastIndex(line => line.IsUnconditional || line is { Kind: BootConfigLineKind.Section, Text: Unconditional });
        var place = home >= 0 ? home + 1 : end;
        List<(string Text, string End)> added = home >= 0 ? [(text, newLine)] : [(Unconditional, newLine), (text, newLine)];
        // A last line without end gets one, or the new one would be its continuation.
        if (place > 0 && lines[place - 1] is var (before, ending) && !ending.EndsWith('\n'))
        {
            lines[place - 1] = (before, ending.Length > 0 ? $"{ending}\n" : newLine);
        }

        lines.InsertRange(place, added);
    }

    private static IEnumerable<(string Text, string End)> SplitLines(string text)
    {
        var start = 0;
        while (start < text.Length)
        {
            var end = text.IndexOf('\n', start);
            var next = end < 0 ? text.Length : end + 1;
            var length = text.AsSpan(start, next - start).TrimEnd('\n').Length;
            if (length > 0 && text[start + length - 1] == '\r') length--;
            yield return (text.Substring(start, length), text[(start + length)..next]);
            start = next;
        }
    }

    /// <summary><c>[all]</c> ends every filter; any other section is one, which counts until the next <c>[all]</c> or one of its kind.</summary>
    private static List<BootConfigLine> Classify(IEnumerable<(string Text, string End)> lines)
    {
        var result = new List<BootConfigLine>();
        var filter = "";
        foreach (var (text, end) in lines)
        {
            if (filter == ConfigTxt)
            {
                result.Add(new(text, end, BootConfigLineKind.ForConfigTxt, "", "", filter));
                continue;
            }

            var kind = KindOf(text);
            if (kind == BootConfigLineKind.Section) filter = text == Unconditional ? "" : text;
            var sign = kind == BootConfigLineKind.Variable ? text.IndexOf('=', StringComparison.Ordinal) : -1;
            result.Add(sign < 0 ? new(text, end, kind, "", "", filter) : new(text, end, kind, text[..sign], text[(sign + 1)..], filter));
        }

        return result;
    }

    private static BootConfigLineKind KindOf(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) return BootConfigLineKind.Blank;
        if (text[0] == '#') return BootConfigLineKind.Comment;
        // Spaces before a bracket are no documented form. Taken for a section, such a line never makes one unconditional.
        if (text.TrimStart()[0] == '[') return BootConfigLineKind.Section;
        var sign = text.IndexOf('=', StringComparison.Ordinal);
        return sign > 0 && BootVariables.IsName(text.AsSpan(0, sign)) ? BootConfigLineKind.Variable : BootConfigLineKind.Other;
    }
}
