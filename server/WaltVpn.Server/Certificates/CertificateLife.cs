using WaltVpn.Protocol;
using WaltVpn.Server.Nodes;
using WaltVpn.Server.Settings;

namespace WaltVpn.Server.Certificates;

/// <summary>
/// How long a node's certificates live. A node that may boot anything (permissive) has none that lives long: whoever plugs something into its site can start
/// a system of his own on it, and read its key (docs/security.md BOOT-6).
/// </summary>
/// <remarks>
/// The longest absence of a board that keeps working is what decides: with less, one that is off over a month's holiday would have to be asked in anew.
/// Such a certificate is renewed through the tunnel from its half on, like any other.
/// </remarks>
internal static class CertificateLife
{
    /// <summary>Of a permissive node's certificates, at most.</summary>
    public static readonly TimeSpan Permissive = TimeSpan.FromDays(30);

    /// <summary>How long the next certificate of a node lives.</summary>
    public static TimeSpan Of(NodeRow node, ServerSettings settings) =>
        IsShort(node, settings) && settings.CertificateLife > Permissive ? Permissive : settings.CertificateLife;

    /// <summary>The next one is due: in the second half of its life, or because it lives longer than the node's may.</summary>
    public static bool IsDue(CertificateRow newest, NodeRow node, ServerSettings settings, DateTimeOffset now) =>
        newest.IsDue(now) || (IsShort(node, settings) && newest.Life > Permissive);

    /// <summary>
    /// A certificate counts no more: a node that was made permissive had so long since then to fetch a short one, and this is one of before.
    /// </summary>
    public static bool IsOver(CertificateRow certificate, NodeRow node, DateTimeOffset now) =>
        node is { OwnBootMode: "permissive", BootModeSince: { } since } && certificate.Life > Permissive
        && now > DateTimeOffset.FromUnixTimeSeconds(Math.Max(since, certificate.ValidAfter)) + Permissive;

    // Boards of WalT renew nothing through a tunnel: server.yaml's word for all does not cut them off, but an operator's for this one does.
    private static bool IsShort(NodeRow node, ServerSettings settings) =>
        node.BootModeOr(settings.BootMode) == BootMode.Permissive && (node.OwnBootMode is not null || !node.IsLegacy);
}
