namespace WaltVpn.Protocol;

/// <summary>One setting of server.yaml, as <c>waltvpnd --show-settings</c> tells it.</summary>
public sealed record SettingView
{
    /// <summary>Nested keys are joined by dots: <c>http.port</c>.</summary>
    public required string Key { get; init; }

    /// <summary>What holds: one value, those of a list, or none when it is not set and has no default.</summary>
    public required IReadOnlyList<string> Values { get; init; }

    /// <summary>True when the key takes a list.</summary>
    public bool IsList { get; init; }

    /// <summary>Its line in the file, from 1; null: the default.</summary>
    public int? Line { get; init; }
}
