using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace WaltVpn.Cli.Config;

/// <summary>Changes one setting in the text of a server.yaml and leaves every other character where it is: comments, order, blank lines.</summary>
internal static partial class SettingsText
{
    private const string Indent = "  ";

    /// <summary>Sets a key.</summary>
    /// <param name="text">The file, as it is.</param>
    /// <param name="key">Nested ones joined by dots.</param>
    /// <param name="values">One, or those of a list.</param>
    /// <param name="isList">Whether the key takes a list.</param>
    /// <returns>The file, as it is to be.</returns>
    /// <exception cref="CliException">The text is not YAML, or has the key in a form that cannot be changed in place.</exception>
    public static string Set(string text, string key, IReadOnlyList<string> values, bool isList)
    {
        var before = Values(text);
        var changed = Replaced(text, key.Split('.'), values, isList);
        // The text was cut by positions: what came of it is read again before anybody uses it.
        var after = Values(changed);
        before[key] = Join(values);
        if (!before.OrderBy(pair => pair.Key, StringComparer.Ordinal).SequenceEqual(after.OrderBy(pair => pair.Key, StringComparer.Ordinal)))
            throw new CliException(ExitCode.Refused, $"{key} stands in the file in a form that is not changed in place. Change it by hand: waltvpn config edit");
        return changed;
    }

    private static string Replaced(string text, string[] path, IReadOnlyList<string> values, bool isList)
    {
        var mapping = Root(text);
        if (mapping is null) return Appended(text, path, values, isList);
        for (var depth = 0; depth < path.Length; depth++)
        {
            var entry = mapping.Children.FirstOrDefault(child => child.Key is YamlScalarNode { Value: var name } && name == path[depth]);
            if (entry.Key is null) return depth == 0 ? Appended(text, path, values, isList) : InsertedInto(text, mapping, path[depth..], values, isList);
            if (depth == path.Length - 1) return WithValue(text, entry.Key, entry.Value, values, isList);
            mapping = entry.Value as YamlMappingNode
                ?? throw new CliException(ExitCode.Refused, $"'{path[depth]}' of the file has no keys in it. Change it by hand: waltvpn config edit");
        }

        throw new InvalidOperationException("internal error: an empty key");
    }

    private static string WithValue(string text, YamlNode name, YamlNode value, IReadOnlyList<string> values, bool isList)
    {
        switch (value)
        {
            case YamlScalarNode { Value: null or "", Style: ScalarStyle.Plain or ScalarStyle.Any }:
                var behindColon = text.IndexOf(':', (int)name.End.Index) + 1;
                return text.Insert(behindColon, " " + (isList ? Flow(values) : Scalar(values[0])));
            case YamlSequenceNode { Style: SequenceStyle.Block, Children: { Count: > 0 } items }:
                var column = (int)value.Start.Column - 1;
                var lines = string.Join('\n' + new string(' ', column), values.Select(item => "- " + Scalar(item)));
                return text[..(int)value.Start.Index] + lines + text[LastIndex(text, items[^1])..];
            default:
                return text[..(int)value.Start.Index] + (isList ? Flow(values) : Scalar(values[0])) + text[LastIndex(text, value)..];
        }
    }

    /// <summary>A key of the outermost level goes behind the comment that explains it, else to the end.</summary>
    private static string Appended(string text, string[] path, IReadOnlyList<string> values, bool isList)
    {
        var added = Block(path, values, isList, "");
        var lines = text.Split('\n').ToList();
        var comment = lines.FindIndex(line => Regex.IsMatch(line, $"^# ?{Regex.Escape(path[0])}:"));
        if (comment < 0) return (text.Length == 0 || text.EndsWith('\n') ? text : text + "\n") + added;
        // Its lines, of what is nested in it: '#  port: 80', '#  - item'.
        var behind = comment + 1;
        while (behind < lines.Count && NestedComment().IsMatch(lines[behind])) behind++;
        lines.Insert(behind, added.TrimEnd('\n'));
        return string.Join('\n', lines);
    }

    private static string InsertedInto(string text, YamlMappingNode mapping, string[] path, IReadOnlyList<string> values, bool isList)
    {
        if (mapping.Children.Count == 0) throw new CliException(ExitCode.Refused, "an empty mapping is not changed in place. Change it by hand: waltvpn config edit");
        var (first, last) = (mapping.Children[0].Key, mapping.Children[^1].Value);
        var end = LastIndex(text, last);
        if (mapping.Style == MappingStyle.Flow)
            return text.Insert(end, $", {string.Concat(path[..^1].Select(name => $"{name}: {{ "))}{path[^1]}: {(isList ? Flow(values) : Scalar(values[0]))}{string.Concat(path[1..].Select(_ => " }"))}");
        var endOfLine = text.IndexOf('\n', end);
        var added = Block(path, values, isList, new string(' ', (int)first.Start.Column - 1));
        return endOfLine < 0 ? text + "\n" + added : text.Insert(endOfLine + 1, added);
    }

    private static string Block(string[] path, IReadOnlyList<string> values, bool isList, string indent)
    {
        var text = new StringBuilder();
        foreach (var name in path[..^1])
        {
            text.Append(indent).Append(name).Append(":\n");
            indent += Indent;
        }

        text.Append(indent).Append(path[^1]).Append(':');
        if (!isList) text.Append(' ').Append(Scalar(values[0]));
        else foreach (var value in values) text.Append('\n').Append(indent).Append(Indent).Append("- ").Append(Scalar(value));
        return text.Append('\n').ToString();
    }

    private static string Flow(IReadOnlyList<string> values) => $"[{string.Join(", ", values.Select(Scalar))}]";

    /// <summary>Plain where that can be nothing else, also inside braces; else in quotes.</summary>
    private static string Scalar(string value) => PlainScalar().IsMatch(value) ? value : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Where a node ends. A collection's own end is where it begins, to the library: its last child's counts, and a bracket behind that.</summary>
    private static int LastIndex(string text, YamlNode node)
    {
        var lastChild = node switch
        {
            YamlSequenceNode { Children: [.., var last] } => LastIndex(text, last),
            YamlMappingNode { Children: { Count: > 0 } children } => LastIndex(text, children[^1].Value),
            _ => (int)node.End.Index,
        };
        return node switch
        {
            YamlSequenceNode { Style: SequenceStyle.Flow } => text.IndexOf(']', lastChild) + 1,
            YamlMappingNode { Style: MappingStyle.Flow } => text.IndexOf('}', lastChild) + 1,
            _ => lastChild,
        };
    }

    /// <summary>Every key with what it has, for comparison.</summary>
    private static Dictionary<string, string> Values(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        if (Root(text) is { } root) Collect(root, "", values);
        return values;
    }

    private static void Collect(YamlMappingNode mapping, string prefix, Dictionary<string, string> values)
    {
        foreach (var (name, value) in mapping.Children)
        {
            if (value is YamlMappingNode inner) Collect(inner, $"{prefix}{name}.", values);
            else values[$"{prefix}{name}"] = value is YamlSequenceNode list ? Join(list.Children.Select(item => $"{item}")) : (value as YamlScalarNode)?.Value ?? "";
        }
    }

    private static string Join(IEnumerable<string> values) => string.Join('\n', values);

    private static YamlMappingNode? Root(string text)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new CliException(ExitCode.Failed, string.Create(CultureInfo.InvariantCulture, $"the settings are no YAML: line {e.Start.Line}: {e.Message}"));
        }

        return stream.Documents is [{ RootNode: YamlMappingNode root }, ..] ? root : null;
    }

    [GeneratedRegex("^#  +\\S")]
    private static partial Regex NestedComment();

    [GeneratedRegex("^[A-Za-z0-9/_.][A-Za-z0-9/_.:-]*(?<!:)$")]
    private static partial Regex PlainScalar();
}
