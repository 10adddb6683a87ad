namespace WaltVpn.Server.Nodes;

/// <summary>The result of an operator's decision on a node.</summary>
internal abstract record NodeOutcome
{
    private NodeOutcome()
    {
    }

    /// <summary>Decided, now or before.</summary>
    /// <param name="Node">As it is now.</param>
    /// <param name="Faults">What follows from it and could not be done yet; the server tries again.</param>
    internal sealed record Done(NodeRow Node, IReadOnlyList<string> Faults) : NodeOutcome;

    /// <summary>No node has the id.</summary>
    internal sealed record NoSuchNode : NodeOutcome;

    /// <summary>The decision does not fit the node's state; nothing was changed.</summary>
    /// <param name="Detail">Why, and what to type instead.</param>
    internal sealed record Refused(string Detail) : NodeOutcome;
}
