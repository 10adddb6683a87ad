using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using WaltVpn.Protocol;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace WaltVpn.Server.Settings;

/// <summary>The keys of one YAML document, nested ones joined by dots (<c>http.port</c>). Each is read once; what was never read is unknown.</summary>
internal sealed class YamlKeys
{
    private readonly Dictionary<string, YamlNode> _values = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _given = new(StringComparer.Ordinal);
    private readonly List<SettingView> _read = [];

    /// <summary>What was read, in that order.</summary>
    public IReadOnlyList<SettingView> WasRead => _read;

    /// <summary>Reads a document.</summary>
    /// <exception cref="SettingsException">It is not YAML, or not a mapping.</exception>
    public static YamlKeys Parse(string yaml)
    {
        var keys = new YamlKeys();
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw new SettingsException($"line {e.Start.Line}: {e.Message}");
        }

        if (stream.Documents.Count == 0) return keys;
        if (stream.Documents.Count > 1 || stream.Documents[0].RootNode is not YamlMappingNode root)
            throw new SettingsException("expected one document of 'key: value' lines");
        keys.Collect(root, "");
        return keys;
    }

    /// <summary>A text that passes a grammar; the grammar returns what it expects, or null when satisfied.</summary>
    public string Text(string key, Func<string> defaultValue, Func<string, string?> grammar)
    {
        var text = TryScalar(key, out var value) ? value : defaultValue();
        Note(key, [text]);
        return grammar(text) is { } expected ? throw Refuse(key, text, expected) : text;
    }

    /// <summary>An absolute path.</summary>
    public string Path(string key, string defaultValue) =>
        Text(key, () => defaultValue, text => System.IO.Path.IsPathFullyQualified(text) ? null : "an absolute path");

    /// <summary>A whole number within a range, bounds included.</summary>
    public int Number(string key, int defaultValue, int least, int most)
    {
        var isGiven = TryScalar(key, out var text);
        Note(key, [text ?? SettingsFile.Show(defaultValue)]);
        if (!isGiven) return defaultValue;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw Refuse(key, text!, $"a whole number from {SettingsFile.Show(least)} to {SettingsFile.Show(most)}");
    }

    /// <summary>One of the words of an enum, in lower case.</summary>
    public TEnum Word<TEnum>(string key, TEnum defaultValue, params ReadOnlySpan<TEnum> allowed)
        where TEnum : struct, Enum
    {
        var isGiven = TryScalar(key, out var text);
        Note(key, [text ?? Lower(defaultValue)]);
        if (!isGiven) return defaultValue;
        foreach (var value in allowed)
        {
            if (text == Lower(value)) return value;
        }

        throw Refuse(key, text!, string.Join(" or ", allowed.ToArray().Select(Lower)));
    }

    /// <summary>A value with a reader of its own.</summary>
    public T Read<T>(string key, T defaultValue, Func<string, T?> reader, string expected)
        where T : class?
    {
        var isGiven = TryScalar(key, out var text);
        Note(key, text is not null ? [text] : defaultValue is not null ? [$"{defaultValue}"] : []);
        return isGiven ? reader(text!) ?? throw Refuse(key, text!, expected) : defaultValue;
    }

    /// <summary>A value that may be left out.</summary>
    public T? ReadOptional<T>(string key, Func<string, T?> reader, string expected)
        where T : struct
    {
        var isGiven = TryScalar(key, out var text);
        Note(key, text is not null ? [text] : []);
        return isGiven ? reader(text!) ?? throw Refuse(key, text!, expected) : null;
    }

    /// <summary>True when the document has the key.</summary>
    public bool Has(string key) => _given.ContainsKey(key);

    /// <summary>An error of a key that names its line, when the document has it.</summary>
    public SettingsException Error(string key, string message) => new(_given.TryGetValue(key, out var line) ? $"line {line}: {message}" : message);

    /// <summary>A list of at least one value.</summary>
    public IReadOnlyList<T> List<T>(string key, IReadOnlyList<string> defaultValue, Func<string, T?> reader, string expected)
        where T : class
    {
        _known.Add(key);
        IReadOnlyList<string> texts = defaultValue;
        if (_values.Remove(key, out var node))
        {
            if (node is not YamlSequenceNode sequence || sequence.Children.Count == 0)
                throw Refuse(key, node.ToString(), $"a list; each line '- ' and {expected}");
            texts = sequence.Children
                .Select(child => child is YamlScalarNode { Value: { } value } ? value : throw Refuse(key, child.ToString(), expected))
                .ToList();
        }

        Note(key, texts, isList: true);
        return texts.Select(text => reader(text) ?? throw Refuse(key, text, expected)).ToList();
    }

    /// <summary>To be called after the last key was read.</summary>
    /// <exception cref="SettingsException">The document has a key that nobody asked for.</exception>
    public void RefuseUnread()
    {
        if (_values.Keys.FirstOrDefault() is not { } stranger) return;
        var nearest = _known.MinBy(known => EditDistance(known, stranger))!;
        var hint = EditDistance(nearest, stranger) <= 3 ? $"did you mean '{nearest}'?" : $"known keys: {string.Join(", ", _known)}.";
        throw Error(stranger, $"unknown key '{stranger}'; {hint}");
    }

    private void Collect(YamlMappingNode mapping, string prefix)
    {
        foreach (var (name, value) in mapping.Children)
        {
            if (name is not YamlScalarNode { Value: { Length: > 0 } text }) throw new SettingsException($"line {name.Start.Line}: a key must be a plain word");
            if (value is YamlMappingNode inner) Collect(inner, $"{prefix}{text}.");
            else _values.Add(prefix + text, value);
            _given[prefix + text] = (int)name.Start.Line;
        }
    }

    private bool TryScalar(string key, [NotNullWhen(true)] out string? text)
    {
        _known.Add(key);
        text = null;
        if (!_values.Remove(key, out var node)) return false;
        text = node is YamlScalarNode scalar ? scalar.Value ?? "" : throw Refuse(key, "a list", "one value");
        return true;
    }

    private SettingsException Refuse(string key, string value, string expected) => Error(key, $"{key}: '{value}' cannot be used; expected {expected}");

    private void Note(string key, IReadOnlyList<string> values, bool isList = false) =>
        _read.Add(new SettingView { Key = key, Values = values, IsList = isList, Line = _given.TryGetValue(key, out var line) ? line : null });

    private static string Lower<TEnum>(TEnum value)
        where TEnum : struct, Enum =>
        value.ToString().ToLowerInvariant();

    /// <summary>Levenshtein distance: insertions, deletions and exchanges of one character.</summary>
    private static int EditDistance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}
