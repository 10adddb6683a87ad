using WaltVpn.Protocol;

namespace WaltVpn.Cli;

/// <summary>What a <see cref="Monitor"/> reacts to.</summary>
internal abstract record MonitorEvent
{
    private MonitorEvent()
    {
    }

    /// <summary>The server is there (again).</summary>
    internal sealed record Connected : MonitorEvent;

    /// <summary>A request is new, or changed.</summary>
    internal sealed record Changed(RequestView Request) : MonitorEvent;

    /// <summary>The operator typed a line.</summary>
    internal sealed record Typed(string Line) : MonitorEvent;

    /// <summary>Nothing more will be typed.</summary>
    internal sealed record InputEnded : MonitorEvent;

    /// <summary>The server does not answer.</summary>
    internal sealed record Lost(CliException Cause) : MonitorEvent;
}
