using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace WaltVpn.Protocol;

/// <summary>A word through a version-2 tunnel, beside the frames. Who may say which: docs/protocol.md "Control".</summary>
public sealed record TunnelControl
{
    /// <summary>The server has other settings for this node than before: it asks for them (section Settings document).</summary>
    public const string SettingsChanged = "settingsChanged";

    /// <summary>Start anew.</summary>
    public const string Reboot = "reboot";

    /// <summary>Blink for <see cref="Seconds"/>, so that who stands in front of many boards finds this one.</summary>
    public const string Blink = "blink";

    /// <summary>The report with <see cref="Number"/> is kept: the next one may come.</summary>
    public const string ReportKept = "reportKept";

    /// <summary>The only word of a node: its <see cref="Report"/>.</summary>
    public const string NodeReports = "report";

    private const int MaxDepth = 8;

    /// <summary>What is said; a node ignores what it does not know.</summary>
    public required string Kind { get; init; }

    /// <summary>Of <see cref="Blink"/>: how long.</summary>
    public int? Seconds { get; init; }

    /// <summary>Of <see cref="ReportKept"/>: which.</summary>
    public long? Number { get; init; }

    /// <summary>Of <see cref="ReportKept"/>: the time by the server's clock, seconds since 1970.</summary>
    public long? Time { get; init; }

    /// <summary>Of <see cref="NodeReports"/>.</summary>
    public NodeReport? Report { get; init; }

    /// <summary>The record's content.</summary>
    /// <exception cref="ArgumentException">It is longer than a control record may be.</exception>
    public byte[] ToJson()
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(this, ProtocolJson.Default.TunnelControl);
        return json.Length <= TunnelRecord.MaxControlLength ? json : throw new ArgumentException($"{json.Length} bytes are more than a control record holds");
    }

    /// <summary>Reads a record's content.</summary>
    /// <returns>False when it is no JSON object of at most eight levels, or has no kind.</returns>
    public static bool TryRead(ReadOnlySpan<byte> json, [NotNullWhen(true)] out TunnelControl? control)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            control = JsonSerializer.Deserialize(ref reader, ProtocolJson.Default.TunnelControl);
            // Nothing but space may follow.
            return control is not null && !reader.Read();
        }
        catch (JsonException)
        {
            control = null;
            return false;
        }
    }
}
