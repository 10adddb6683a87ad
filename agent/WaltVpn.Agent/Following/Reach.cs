using WaltVpn.Protocol;

namespace WaltVpn.Agent.Following;

/// <summary>How to get to a server: where SSH is answered, and the host keys it is known by.</summary>
/// <param name="Entrypoints"><c>host</c> or <c>host:port</c>, in the order in which they are tried; at least one.</param>
/// <param name="HostKeys">As <see cref="HostKeyLine"/> takes them; at least one.</param>
internal sealed record Reach(IReadOnlyList<string> Entrypoints, IReadOnlyList<string> HostKeys)
{
    public static Reach Of(NodeSettings card) => new(card.SshEntrypoints, card.HostKeys);

    public static Reach Of(SettingsDocument document) => new(document.SshEntrypoints, document.HostKeys);

    /// <summary>The ways that these settings open.</summary>
    /// <param name="knownAs">As in <see cref="WayIn"/>.</param>
    public IEnumerable<WayIn> Ways(string knownAs) => Entrypoints.Select(text => SshEntrypoint.TryParse(text, out var place)
        ? new WayIn(place, knownAs)
        : throw new InvalidOperationException($"internal error: '{text}' passed the settings' check"));

    /// <summary>True when both name the same places in the same order, and the same keys.</summary>
    public bool IsSameAs(Reach other) =>
        Ways(WayIn.Current).SequenceEqual(other.Ways(WayIn.Current))
        && HostKeys.Order(StringComparer.Ordinal).SequenceEqual(other.HostKeys.Order(StringComparer.Ordinal));
}
