using WaltVpn.Protocol;

namespace WaltVpn.Server.Requests;

/// <summary>What became of an operator's decision.</summary>
internal abstract record DecisionOutcome
{
    private DecisionOutcome()
    {
    }

    /// <summary>It stands.</summary>
    internal sealed record Done(RequestView Request) : DecisionOutcome;

    /// <summary>It stands, but not everything that follows from it could be done now.</summary>
    internal sealed record DoneInPart(string Detail) : DecisionOutcome;

    /// <summary>There is no such request (any more).</summary>
    internal sealed record NoSuchRequest : DecisionOutcome;

    /// <summary>Something stands against it; nothing was changed.</summary>
    internal sealed record Refused(string Detail) : DecisionOutcome;
}
