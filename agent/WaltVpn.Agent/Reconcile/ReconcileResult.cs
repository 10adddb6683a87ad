using WaltVpn.Eeprom;

namespace WaltVpn.Agent.Reconcile;

/// <summary>What a comparison of a board with its server's settings gave.</summary>
internal abstract record ReconcileResult
{
    private ReconcileResult()
    {
    }

    /// <summary>The board has the server's settings.</summary>
    internal sealed record NothingToDo : ReconcileResult;

    /// <summary>It has others.</summary>
    /// <param name="Image">For its chip: as it is, but for the differences.</param>
    /// <param name="Differences">One line each, for the log, without secrets; at least one.</param>
    internal sealed record Change(EepromImage Image, IReadOnlyList<string> Differences) : ReconcileResult;
}
