using WaltVpn.Protocol;

namespace WaltVpn.Agent;

/// <summary>A place where the server may be reached, and the host keys it must show there.</summary>
/// <param name="Entrypoint">Where.</param>
/// <param name="KnownAs">Name of the keys in the node's known_hosts: <see cref="Current"/> or <see cref="Former"/>.</param>
internal sealed record WayIn(SshEntrypoint Entrypoint, string KnownAs = WayIn.Current)
{
    /// <summary>The keys of the settings that are to be used.</summary>
    public const string Current = "waltvpn-server";

    /// <summary>The keys of the settings before those, while nobody has come in with the new ones yet.</summary>
    public const string Former = "waltvpn-server-before";

    /// <inheritdoc/>
    public override string ToString() => KnownAs == Former ? $"{Entrypoint} (settings of before)" : $"{Entrypoint}";
}
