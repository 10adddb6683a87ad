namespace WaltVpn.Hub.Dhcp;

/// <summary>The transactions (xid) a node lately asked a DHCP server with: only these can be acknowledged. Bounded, whatever the node sends.</summary>
internal sealed class PendingRequests
{
    /// <summary>Most at once; the oldest gives way.</summary>
    public const int Capacity = 8;

    /// <summary>How long a server may take. A client that waits asks again, in seconds.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(1);

    private readonly List<(uint Transaction, TimeSpan Since)> _recent = new(Capacity);

    /// <summary>The node asked.</summary>
    public void Note(uint transaction, TimeSpan now)
    {
        _recent.RemoveAll(request => request.Transaction == transaction);
        if (_recent.Count == Capacity) _recent.RemoveAt(0);
        _recent.Add((transaction, now));
    }

    /// <summary>The node asked, and not too long ago.</summary>
    public bool Contains(uint transaction, TimeSpan now) => _recent.Exists(request => request.Transaction == transaction && now - request.Since < Life);
}
