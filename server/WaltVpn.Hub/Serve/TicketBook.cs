using System.Buffers;
using WaltVpn.Protocol;

namespace WaltVpn.Hub.Serve;

/// <summary>Nodes that sshd has just admitted: each ticket opens one tunnel, once, within 30 seconds (docs/security.md L2-7).</summary>
internal sealed class TicketBook(TimeProvider time)
{
    /// <summary>How long a ticket is good for: sshd starts the forced command right after it was given.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Most tickets of one node; the oldest gives way. sshd asks about a certificate before its key is proved, so whoever knows one can have
    /// tickets made.
    /// </summary>
    public const int MaxPerNode = 8;

    /// <summary>Hexadecimal digits of a ticket.</summary>
    public const int TicketLength = 32;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");
    private readonly Dictionary<string, (ExpectedNode Node, long Since)> _expected = [];

    /// <summary>32 lower-case hexadecimal digits.</summary>
    public static bool IsTicket(ReadOnlySpan<char> text) => text.Length == TicketLength && !text.ContainsAnyExcept(Digits);

    /// <summary>Notes who will come.</summary>
    /// <returns>False when the ticket is malformed or known already.</returns>
    public bool Expect(ExpectedNode node)
    {
        RemoveOld();
        if (!IsTicket(node.Ticket) || !_expected.TryAdd(node.Ticket, (node, time.GetTimestamp()))) return false;
        var ofNode = _expected.Values.Where(entry => entry.Node.NodeId == node.NodeId).ToList();
        if (ofNode.Count > MaxPerNode) _expected.Remove(ofNode.MinBy(entry => entry.Since).Node.Ticket);
        return true;
    }

    /// <summary>Takes a ticket; it is void afterwards.</summary>
    /// <returns>Null when it is unknown, old, or was taken before.</returns>
    public ExpectedNode? Take(string ticket)
    {
        RemoveOld();
        return _expected.Remove(ticket, out var entry) ? entry.Node : null;
    }

    /// <summary>Voids the tickets of a node.</summary>
    public void Void(string nodeId)
    {
        foreach (var (ticket, entry) in _expected)
            if (entry.Node.NodeId == nodeId) _expected.Remove(ticket);
    }

    private void RemoveOld()
    {
        foreach (var (ticket, entry) in _expected)
            if (time.GetElapsedTime(entry.Since) >= Lifetime) _expected.Remove(ticket);
    }
}
