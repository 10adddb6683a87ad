namespace WaltVpn.Agent.Tests.Unit.Flash;

/// <summary>What one flash operation left when it was cut off.</summary>
internal enum Damage
{
    /// <summary>Nothing happened: cut before it, or before it had an effect.</summary>
    None,

    /// <summary>The first half of the bytes is done.</summary>
    Half,

    /// <summary>Anything, in all the bytes it was about.</summary>
    Garbage,

    /// <summary>It was finished; cut right after it.</summary>
    Done,
}
