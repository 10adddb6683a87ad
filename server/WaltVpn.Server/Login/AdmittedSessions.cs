namespace WaltVpn.Server.Login;

/// <summary>Whose a ticket is, for a session's question to the daemon. As the hub does it: a ticket is good once, and for half a minute.</summary>
/// <remarks>docs/security.md SSH-5. They are forgotten when the daemon ends; the node asks again.</remarks>
internal sealed class AdmittedSessions(TimeProvider time)
{
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (AdmittedSession Session, long Since)> _sessions = new(StringComparer.Ordinal);

    /// <summary>sshd was told that the session may come in.</summary>
    public void Add(string ticket, AdmittedSession session)
    {
        lock (_gate)
        {
            foreach (var (old, (_, since)) in _sessions.ToList())
            {
                if (time.GetElapsedTime(since) > Life) _sessions.Remove(old);
            }

            _sessions[ticket] = (session, time.GetTimestamp());
        }
    }

    /// <summary>Takes the session of a ticket; null when there is none, it was taken before, or is too old.</summary>
    public AdmittedSession? Take(string? ticket)
    {
        lock (_gate)
        {
            return ticket is not null && _sessions.Remove(ticket, out var found) && time.GetElapsedTime(found.Since) <= Life ? found.Session : null;
        }
    }
}
