using WaltVpn.Server.Enrollment;

namespace WaltVpn.Server.Certificates;

/// <summary>A certificate as it was journalled, before it is signed.</summary>
internal sealed record CertificateOrder
{
    /// <summary>Never used before: see <see cref="CertificateJournal.Order"/>.</summary>
    public required ulong Serial { get; init; }

    /// <summary>The node it is for.</summary>
    public required string NodeId { get; init; }

    /// <summary><c>&lt;node id&gt;/&lt;n&gt;</c>.</summary>
    public required string KeyId { get; init; }

    /// <summary>The node's key.</summary>
    public required NodePublicKey Key { get; init; }

    /// <summary>First second of its life.</summary>
    public required DateTimeOffset ValidAfter { get; init; }

    /// <summary>The second its life ends.</summary>
    public required DateTimeOffset ValidBefore { get; init; }

    /// <summary>The names sshd may match, in order (docs/protocol.md "Login").</summary>
    public IReadOnlyList<string> Principals => ["walt-vpn", $"waltvpn:{NodeId}"];

    /// <summary>Extensions. None, but for a legacy node, which may meet an entrypoint that wants its agent (docs/security.md LEG-5).</summary>
    public IReadOnlyList<string> Extensions { get; init; } = [];
}
