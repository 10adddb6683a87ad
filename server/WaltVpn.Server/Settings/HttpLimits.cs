namespace WaltVpn.Server.Settings;

/// <summary>
/// What the TCP faces take, the public one and the platform's each for itself (docs/security.md HTTP-6, HTTP-7). An address is an IPv4 address, or an IPv6 network of 64 bits, as one machine has it.
/// </summary>
internal sealed record HttpLimits
{
    /// <summary>Connections at once of a face, of everybody together. What waits for enrolment and login on the UNIX sockets is not among them.</summary>
    public int Connections { get; init; } = 1024;

    /// <summary>Connections at once of one address that is no trusted proxy; through one, requests at once of one caller. Of its prefix, twice as many.</summary>
    public required int ConnectionsOfOneAddress { get; init; }

    /// <summary>How long the head of a request may take.</summary>
    public TimeSpan ForHead { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests of one address in the long run. Its prefix (IPv4: 24 bits, IPv6: 48) may ask twice as often, everybody together ten times.</summary>
    public required int RequestsPerSecond { get; init; }

    /// <summary>How many seconds' worth of requests may come at once, as when a site's boards get their power back.</summary>
    public int BurstSeconds { get; init; } = 10;
}
