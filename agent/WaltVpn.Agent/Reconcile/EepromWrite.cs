namespace WaltVpn.Agent.Reconcile;

/// <summary>What became of an image that was to be written.</summary>
/// <param name="Kind">For code that decides by it.</param>
/// <param name="Text">For the log.</param>
internal readonly record struct EepromWrite(EepromWriteKind Kind, string Text);

/// <inheritdoc cref="EepromWrite"/>
internal enum EepromWriteKind
{
    /// <summary>The board uses it from its next start on.</summary>
    Done,

    /// <summary>It was written earlier in this boot, and waits for the next start.</summary>
    Waits,

    /// <summary>Not written: it was, and the board did not take it or was not found with it.</summary>
    Refused,
}
