namespace WaltVpn.Cli;

/// <summary>How results are printed (<c>-o</c>).</summary>
internal enum OutputFormat
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>For people, with what else there is to know.</summary>
    Wide,

    /// <summary>For programs: what the server answered.</summary>
    Json,

    /// <summary>The same as YAML.</summary>
    Yaml,

    /// <summary>One name or number per line, for the next command.</summary>
    Name,
}
