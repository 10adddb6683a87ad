using WaltVpn.Agent.Life;

namespace WaltVpn.Agent;

/// <summary>The boot's one place that moves the stage, and says so.</summary>
/// <param name="log">Hears of it.</param>
/// <param name="timeline">Keeps it; null: nobody does.</param>
internal sealed class BootProgress(INodeLog log, BootTimeline? timeline = null)
{
    /// <summary>The stage under way.</summary>
    public BootStage Stage { get; private set; } = BootStage.Startup;

    /// <summary>The move is to the next stage in order, or to <see cref="BootStage.Shutdown"/>, which is final.</summary>
    public static bool Allows(BootStage from, BootStage to) => from switch
    {
        BootStage.Startup => to is BootStage.Network or BootStage.Shutdown,
        BootStage.Network => to is BootStage.Enrollment or BootStage.Shutdown,
        BootStage.Enrollment => to is BootStage.BootFiles or BootStage.Shutdown,
        BootStage.BootFiles => to is BootStage.Tunnel or BootStage.Shutdown,
        BootStage.Tunnel => to is BootStage.Online or BootStage.Shutdown,
        BootStage.Online => to is BootStage.HandOff or BootStage.Shutdown,
        BootStage.HandOff or BootStage.Settings => to is BootStage.Shutdown,
        BootStage.Shutdown => false,
    };

    /// <summary>Enters a stage.</summary>
    /// <param name="to">The next stage.</param>
    /// <param name="because">What the stage before brought, for the log.</param>
    /// <exception cref="InvalidOperationException">The move is not in the drawing: a programming error.</exception>
    public void MoveTo(BootStage to, string because)
    {
        if (!Allows(Stage, to)) throw new InvalidOperationException($"internal error: boot stage {Stage} cannot be followed by {to}");
        log.Info(Stage, because);
        Stage = to;
        timeline?.Enter(to);
    }
}
