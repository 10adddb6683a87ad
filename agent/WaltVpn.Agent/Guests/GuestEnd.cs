namespace WaltVpn.Agent.Guests;

/// <summary>How a virtual machine ended.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="Words">For the log: <c>the virtual machine …</c>.</param>
internal sealed record GuestEnd(GuestEndKind Kind, string Words);

/// <summary>What ended it.</summary>
internal enum GuestEndKind
{
    /// <summary>Its system restarted.</summary>
    Restarted,

    /// <summary>Its system switched it off.</summary>
    SwitchedOff,

    /// <summary>Its kernel panicked, or its watchdog ran out.</summary>
    Failed,

    /// <summary>Its program ended, or answers no more, or never started.</summary>
    Broken,
}
