namespace WaltVpn.Agent;

/// <summary>A stage could not do its work, for a reason that may pass: no cable, no server, no answer. The stage is tried again.</summary>
/// <param name="message">What was attempted, on what, what was answered, what to do.</param>
/// <param name="cause">The failure below, if there was one.</param>
internal class StageException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Not sooner than this; null: the usual back-off.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
