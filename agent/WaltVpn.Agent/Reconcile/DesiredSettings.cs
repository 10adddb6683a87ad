using WaltVpn.Agent.OpenSsh;
using WaltVpn.Eeprom;
using WaltVpn.Protocol;

namespace WaltVpn.Agent.Reconcile;

/// <summary>All that a board's EEPROM must say for it to be a node of this platform, as the server has it now.</summary>
internal sealed record DesiredSettings
{
    /// <summary>Where SSH is answered, tried in this order; at least one.</summary>
    public required IReadOnlyList<SshEntrypoint> Entrypoints { get; init; }

    /// <summary>Where the firmware fetches boot files: a host name in lower case.</summary>
    public required string HttpHost { get; init; }

    /// <summary>Path of this board's boot files, no slash at its start.</summary>
    public required string HttpPath { get; init; }

    public required VpnBootMode BootMode { get; init; }

    public required MacAddress Mac { get; init; }

    /// <summary>Of the node's key.</summary>
    public required NodeCertificate Certificate { get; init; }

    /// <summary>All keys of the entrypoints and of the server, under the names that ssh looks for.</summary>
    public required IReadOnlyList<HostKey> HostKeys { get; init; }

    /// <summary>What boot.img must be signed with.</summary>
    public required RsaPublicKey BootKey { get; init; }

    /// <summary>Certificate, DER, of the CA whose hosts may serve boot files over HTTPS; null: what the board has stays.</summary>
    public byte[]? CaCertificate { get; init; }

    /// <summary>A bootloader that was built before is not written again; null: any may be.</summary>
    public DateTimeOffset? LeastBootloader { get; init; }

    /// <summary>Which settings these are; null: they have no number, that of those before stays.</summary>
    public CredentialsMark? Mark { get; init; }

    /// <summary>Names that host keys may be about.</summary>
    public required IReadOnlyCollection<string> HostNames { get; init; }
}
