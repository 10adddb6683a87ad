using WaltVpn.Protocol;

namespace WaltVpn.Agent;

/// <summary>The settings' entrypoints, one after the other for ever. Used by one stage at a time.</summary>
internal sealed class EntrypointRotation(NodeSettings settings)
{
    private int _next;

    /// <summary>The entrypoint for this attempt.</summary>
    public SshEntrypoint Next()
    {
        var text = settings.SshEntrypoints[_next++ % settings.SshEntrypoints.Count];
        return SshEntrypoint.TryParse(text, out var entrypoint)
            ? entrypoint
            : throw new InvalidOperationException($"internal error: '{text}' passed the settings' check");
    }

    /// <summary>The last one worked: the next attempt takes it again.</summary>
    public void KeepLast() => _next--;
}
