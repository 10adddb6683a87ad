namespace WaltVpn.Hub.Connect;

/// <summary>What the forced command says to the hub, with its two descriptors: the ticket, then <c> 2</c> when the node asked for version 2.</summary>
/// <param name="Ticket">As it came; the book of tickets knows what one is.</param>
/// <param name="Version2">The node can speak it.</param>
internal readonly record struct TunnelRequest(string Ticket, bool Version2)
{
    /// <summary>What stands behind the ticket.</summary>
    public const string Version2Mark = " 2";

    /// <summary>Takes the message apart.</summary>
    public static TunnelRequest Parse(string message) => message.EndsWith(Version2Mark, StringComparison.Ordinal)
        ? new TunnelRequest(message[..^Version2Mark.Length], Version2: true)
        : new TunnelRequest(message, Version2: false);

    /// <summary>The message.</summary>
    public override string ToString() => Version2 ? Ticket + Version2Mark : Ticket;
}
