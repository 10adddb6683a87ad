namespace WaltVpn.Agent.WaltHttp;

/// <summary>A server could not be asked, or its answer could not be used. The message says which request it was and what was answered.</summary>
internal sealed class HttpException(string message, Exception? cause = null) : IOException(message, cause)
{
    /// <summary>
    /// Too many ask at once, as when a site gets its power back: the server said so (429, 503), a relay before it did (502, 504), or the connection was
    /// closed before a word. A little later it answers.
    /// </summary>
    public bool IsBusy { get; init; }

    /// <summary>A status that says so.</summary>
    public static bool IsBusyStatus(int status) => status is 429 or 502 or 503 or 504;
}
