using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;
using YamlDotNet.Serialization;

namespace WaltVpn.Cli;

/// <summary>Prints results in the format that was asked for.</summary>
internal static class ResultPrinter
{
    /// <summary>
    /// Wide enough that no cell of ours is wrapped or cut, whatever the terminal's width: names and keys are there to be copied and compared. Lines that
    /// are too long for a terminal run over, which is the terminal's to do.
    /// </summary>
    private const int UnboundedWidth = 400;

    // Escapes everything but ASCII: the output is safe on a terminal too.
    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.Default };

    /// <summary>Prints one value: a table of one row, or the value itself.</summary>
    public static void PrintOne<T>(OutputFormat format, T value, JsonTypeInfo<T> type, Func<T, string> name, Action<T> asTable) => Print(
        format, () => asTable(value), () => JsonSerializer.SerializeToNode(value, type)!, [name(value)]);

    /// <summary>Prints a list.</summary>
    /// <param name="format">As what.</param>
    /// <param name="values">What is in it.</param>
    /// <param name="type">For programs.</param>
    /// <param name="name">What the next command takes.</param>
    /// <param name="heads">Of the columns.</param>
    /// <param name="row">Their cells.</param>
    /// <param name="moreHeads">Of the columns that <see cref="OutputFormat.Wide"/> adds.</param>
    /// <param name="moreCells">Their cells.</param>
    public static void PrintList<T>(
        OutputFormat format,
        IReadOnlyList<T> values,
        JsonTypeInfo<IReadOnlyList<T>> type,
        Func<T, string> name,
        IReadOnlyList<string> heads,
        Func<T, IReadOnlyList<string>> row,
        IReadOnlyList<string>? moreHeads = null,
        Func<T, IReadOnlyList<string>>? moreCells = null) => Print(
        format,
        () =>
        {
            if (format == OutputFormat.Wide && moreHeads is not null && moreCells is not null)
                PrintTable([.. heads, .. moreHeads], values.Select(value => (IReadOnlyList<string>)[.. row(value), .. moreCells(value)]));
            else PrintTable(heads, values.Select(row));
        },
        () => JsonSerializer.SerializeToNode(values, type)!,
        values.Select(name));

    /// <summary>Prints label and value per line.</summary>
    public static void PrintFields(IEnumerable<(string Label, string? Value)> fields)
    {
        foreach (var (label, value) in fields)
        {
            if (!string.IsNullOrEmpty(value)) Console.WriteLine($"{label,-13} {TerminalText.Plain(value)}");
        }
    }

    private static void Print(OutputFormat format, Action table, Func<JsonNode> json, IEnumerable<string> names)
    {
        switch (format)
        {
            case OutputFormat.Table:
            case OutputFormat.Wide:
                table();
                break;
            case OutputFormat.Json:
                PrintJson(json());
                break;
            case OutputFormat.Yaml:
                Console.Write(new SerializerBuilder().Build().Serialize(Plain(json())!));
                break;
            case OutputFormat.Name:
                foreach (var name in names) Console.WriteLine(TerminalText.Plain(name));
                break;
        }
    }

    private static void PrintJson(JsonNode node)
    {
        using var output = new MemoryStream();
        using (var writer = new Utf8JsonWriter(output, Indented)) node.WriteTo(writer);
        Console.WriteLine(System.Text.Encoding.UTF8.GetString(output.ToArray()));
    }

    private static void PrintTable(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<string>> rows)
    {
        AnsiConsole.Profile.Width = UnboundedWidth;
        var table = new Table().Border(TableBorder.None);
        foreach (var head in heads) table.AddColumn(new TableColumn(head).NoWrap().PadLeft(0).PadRight(3));
        foreach (var row in rows) table.AddRow(row.Select(TerminalText.Markup).ToArray());
        AnsiConsole.Write(table);
    }

    /// <summary>JSON as the lists, maps and scalars that the YAML writer knows.</summary>
    private static object? Plain(JsonNode? node) => node switch
    {
        JsonObject map => map.ToDictionary(member => member.Key, member => Plain(member.Value)),
        JsonArray list => list.Select(Plain).ToList(),
        JsonValue value when value.TryGetValue<bool>(out var truth) => truth,
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => ulong.Parse(value.ToJsonString(), CultureInfo.InvariantCulture),
        _ => node?.ToString(),
    };
}
