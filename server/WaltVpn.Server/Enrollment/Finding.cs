using WaltVpn.Protocol;
using WaltVpn.Server.Nodes;

namespace WaltVpn.Server.Enrollment;

/// <summary>The result of an <see cref="Examination"/>.</summary>
internal abstract record Finding
{
    private Finding()
    {
    }

    /// <summary>The key is a live node's.</summary>
    /// <param name="Node">The node.</param>
    /// <param name="News">The request by which it became one just now; null when it was one before.</param>
    internal sealed record Known(NodeRow Node, RequestView? News) : Finding;

    /// <summary>A person decides.</summary>
    /// <param name="Request">Number of the request.</param>
    /// <param name="News">The request, when it is new.</param>
    /// <param name="Alarm">For the operator's log; null when it is nothing unusual.</param>
    internal sealed record Waiting(long Request, RequestView? News, string? Alarm) : Finding;

    /// <summary>No.</summary>
    /// <param name="Reason">For the node.</param>
    /// <param name="Alarm">For the operator's log; null when it is nothing unusual.</param>
    internal sealed record Refused(string Reason, string? Alarm) : Finding;
}
