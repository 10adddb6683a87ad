namespace WaltVpn.Agent.Reconcile;

/// <summary>Exit statuses of <c>waltvpn-agent reconcile</c>.</summary>
internal static class ReconcileExit
{
    /// <summary>There was nothing to do, or it was done.</summary>
    public const int Done = 0;

    /// <summary>It failed; the message says where. What the chip holds is as before, unless the message says otherwise.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The board differs from the server's settings, and nothing was written: not asked for, or not trusted.</summary>
    public const int Withheld = 3;
}
