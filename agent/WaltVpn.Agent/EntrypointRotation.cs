namespace WaltVpn.Agent;

/// <summary>The ways to the server, one after the other for ever. Used by one stage at a time.</summary>
/// <param name="ways">In the order in which they are tried; at least one.</param>
internal sealed class EntrypointRotation(IReadOnlyList<WayIn> ways)
{
    private int _next;

    /// <summary>How many attempts try each once.</summary>
    public int Count => ways.Count;

    /// <summary>The way for this attempt.</summary>
    public WayIn Next() => ways[_next++ % ways.Count];

    /// <summary>The last one worked: the next attempt takes it again.</summary>
    public void KeepLast() => _next--;
}
